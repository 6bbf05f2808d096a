//! What a person is called, by the app that signed their token.

use serde::{Deserialize, Serialize};

use crate::limit::MAX_NAME_CHARS;

/// A name to show to the other person, or none. Whatever it is made of is brought into its form: no control characters and none that
/// change the direction of what stands beside it, no white space around it, at most [`MAX_NAME_CHARS`] characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// Makes a name of any text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let plain: String = text.chars().filter(|c| !is_formatting(*c)).collect();
        let cut: String = plain.trim().chars().take(MAX_NAME_CHARS).collect();
        Self(cut.trim_end().to_owned())
    }

    /// There is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name, if there is one.
    #[must_use]
    pub fn get(&self) -> Option<&str> {
        (!self.is_empty()).then_some(&self.0)
    }
}

impl From<String> for DisplayName {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

/// Control characters, line and paragraph separators, the explicit directional formatting characters (UAX 9 section 2), and what shows
/// nothing; joiners (U+200C, U+200D) are a part of words and of emoji.
fn is_formatting(c: char) -> bool {
    let blank = matches!(
        c,
        '\u{ad}' | '\u{180e}' | '\u{200b}' | '\u{2060}'
            ..='\u{2064}' | '\u{feff}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
    );
    blank
        || c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_brought_into_the_form_of_a_name() {
        let name = |text: &str| DisplayName::new(text).get().map(str::to_owned);
        assert_eq!(name(" Ada Lovelace \n").as_deref(), Some("Ada Lovelace"));
        assert_eq!(name("עדה").as_deref(), Some("עדה"));
        assert_eq!(name("a\u{202e}b\u{2069}\u{7}c").as_deref(), Some("abc"));
        assert_eq!(name(&"😀".repeat(65)), Some("😀".repeat(64)));
        assert_eq!(name(&format!("{} b", "a".repeat(63))), Some("a".repeat(63)), "nothing is left of what comes after");
        for nothing in ["", " \t", "\u{202e}\u{0}", "\u{200b}\u{3164} \u{feff}"] {
            assert_eq!(name(nothing), None);
        }
        assert_eq!(serde_json::from_str::<DisplayName>("\" x \"").unwrap(), DisplayName::new("x"));
    }
}
