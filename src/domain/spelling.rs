//! What somebody most likely meant who wrote a name that does not exist.

/// The name that `written` was most likely meant to be: at most two letters are wrong, or only the case.
pub fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let written = written.to_lowercase();
    if written.len() > 60 {
        return None;
    }
    let near = names.map(|name| (distance(&written, &name.to_lowercase()), name));
    let (distance, name) = near.min_by_key(|(distance, _)| *distance)?;
    (distance <= 2 && distance < written.chars().count()).then_some(name)
}

/// How many letters have to be put in, taken out or exchanged to come from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, left) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, right) in to.iter().enumerate() {
            let cost = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = cost.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_guessed() {
        let names = || ["tableName", "columnName", "unique"].into_iter();
        assert_eq!(nearest("tablename", names()), Some("tableName"));
        assert_eq!(nearest("tabelName", names()), Some("tableName"));
        assert_eq!(nearest("uniqe", names()), Some("unique"));
        assert_eq!(nearest("remarks", names()), None);
        assert_eq!(nearest("", names()), None);
    }
}
