//! An application that is asked for its health again and again says the same again and again: it is told once, and when it
//! changes, how often it was said.
//!
//! Only questions for `/health` and `/version` are counted, each by itself, because they come in turns. Whatever else an
//! application prints is told as often as it is printed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::adapters::report::RawLine;

/// What was asked, what came of it, how long it took, and what else is said of it.
static ASKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^((?:GET|HEAD) \S*/(?:health|version)) (\d{3}) \d+ ms(.*)$")
        .expect("the expression is constant and was tried")
});

/// What was answered to every question so far.
#[derive(Default)]
pub(super) struct Repeats(BTreeMap<String, Answer>);

/// The newest answer to a question.
struct Answer {
    words: String,
    /// How often it came again, and the line of the last time.
    again: Option<(usize, RawLine)>,
}

impl Repeats {
    /// The lines that say something new. Before an answer that changed stands how often the one before came.
    pub(super) fn fold(&mut self, lines: Vec<RawLine>) -> Vec<RawLine> {
        let mut told = Vec::new();
        for line in lines {
            let Some(parts) = ASKED.captures(&line.text) else {
                told.push(line);
                continue;
            };
            let (question, words) = (parts[1].to_owned(), format!("{}{}", &parts[2], &parts[3]));
            match self.0.get_mut(&question) {
                Some(answer) if answer.words == words => {
                    let count = answer.again.take().map_or(0, |(count, _)| count);
                    answer.again = Some((count + 1, line));
                }
                known => {
                    told.extend(known.and_then(|answer| counted(&question, answer)));
                    self.0.insert(question, Answer { words, again: None });
                    told.push(line);
                }
            }
        }
        told
    }

    /// What is left to say once nobody listens any more.
    pub(super) fn rest(&mut self) -> Vec<RawLine> {
        self.0.iter_mut().filter_map(|(question, answer)| counted(question, answer)).collect()
    }
}

/// How often an answer came again, at the moment of the last time.
fn counted(question: &str, answer: &mut Answer) -> Option<RawLine> {
    let (count, line) = answer.again.take()?;
    let times = if count == 1 { "once more".to_owned() } else { format!("{count} times more") };
    Some(RawLine { text: format!("{question}: the same answer {times}"), ..line })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::log::{Level, Source};

    fn told(repeats: &mut Repeats, texts: &[&str]) -> Vec<String> {
        let line = |text: &&str| RawLine {
            at: None,
            source: Source::Application,
            level: Level::Normal,
            text: (*text).to_owned(),
        };
        let lines = repeats.fold(texts.iter().map(line).collect());
        lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn the_same_answer_is_told_once_and_counted_when_another_comes() {
        let mut repeats = Repeats::default();
        let unwell = "GET /health 503 3 ms: schema is behind";
        assert_eq!(told(&mut repeats, &[unwell, "GET /version 200 1 ms"]), [unwell, "GET /version 200 1 ms"]);
        let again = "GET /health 503 14 ms: schema is behind";
        let turns =
            [again, "GET /version 200 0 ms", again, "GET /products 200 1 ms", "GET /products 200 1 ms"];
        assert_eq!(
            told(&mut repeats, &turns),
            ["GET /products 200 1 ms"; 2],
            "what a person asks for is told"
        );
        assert_eq!(
            told(&mut repeats, &["GET /health 503 2 ms: payment", "GET /health 200 2 ms"]),
            [
                "GET /health: the same answer 2 times more",
                "GET /health 503 2 ms: payment",
                "GET /health 200 2 ms",
            ]
        );
        let rest: Vec<_> = repeats.rest().into_iter().map(|line| line.text).collect();
        assert_eq!(rest, ["GET /version: the same answer once more"]);
        assert_eq!(repeats.rest().len(), 0, "it is said once");
    }
}
