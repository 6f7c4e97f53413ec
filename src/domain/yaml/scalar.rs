//! Values with the types that Liquibase's parsers give them, and as Java prints them.

/// A value with the type that Liquibase's parsers give it; in XML everything is text.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// Text.
    Text(String),
    /// A whole number, in decimal.
    Integer(String),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// An unquoted YAML date or time, as Java prints it in a changelog: `2024-01-02T00:00:00`.
    Date(String),
}

impl Scalar {
    /// The text that Java prints for it.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) | Self::Integer(text) | Self::Date(text) => text.clone(),
            Self::Float(number) => double(*number),
            Self::Boolean(value) => value.to_string(),
        }
    }
}

/// A number as `Double.toString` prints it: with a fraction, and with an exponent outside of 10⁻³ to 10⁷.
fn double(number: f64) -> String {
    let size = number.abs();
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else if size == 0.0 || (1e-3..1e7).contains(&size) {
        format!("{number:?}")
    } else {
        // Java has at least one digit behind the point, and for the smallest numbers it is not a zero.
        let text = format!("{number:E}");
        if text.contains('.') { text } else { format!("{number:.1E}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_java_prints_them() {
        for (number, text) in [
            (1.5, "1.5"),
            (10.0, "10.0"),
            (1e10, "1.0E10"),
            (1.25e-5, "1.25E-5"),
            (0.001, "0.001"),
            (5e-324, "4.9E-324"),
            (1e23, "1.0E23"),
            (-0.0, "-0.0"),
        ] {
            assert_eq!(double(number), text);
        }
    }
}
