//! What may be a chat text.

use crate::limit::MAX_TEXT_CHARS;

/// Why a text can't be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextError {
    /// Nothing but white space.
    Empty,
    /// More than [`MAX_TEXT_CHARS`] Unicode scalar values.
    TooLong,
    /// A control character other than line feed, carriage return and tab.
    ControlCharacter,
}

/// Checks a text before it is sent; both clients and the server use the same rule.
///
/// # Errors
/// [`TextError`] says which rule it breaks.
pub fn check_text(text: &str) -> Result<(), TextError> {
    if text.trim().is_empty() {
        Err(TextError::Empty)
    } else if text.chars().nth(MAX_TEXT_CHARS).is_some() {
        Err(TextError::TooLong)
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        Err(TextError::ControlCharacter)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_checked_by_scalar_values() {
        assert_eq!(check_text(" \n"), Err(TextError::Empty));
        assert_eq!(check_text(&"😀".repeat(MAX_TEXT_CHARS)), Ok(()));
        assert_eq!(check_text(&"a".repeat(MAX_TEXT_CHARS + 1)), Err(TextError::TooLong));
        assert_eq!(check_text("a\u{0}"), Err(TextError::ControlCharacter));
        assert_eq!(check_text("fn main() {\r\n\t}"), Ok(()));
    }
}
