//! Texts that others chose, made harmless for a line of the log.

use std::fmt;

/// A name as it is written in a line: in quotation marks, and with an escape for whatever could end it, begin another line or
/// field, reorder the text or not be seen. That is all that Unicode does not call printable: controls, format characters
/// (bidirectional overrides and isolates, zero-width characters, U+FEFF), line and paragraph separators, spaces other than
/// U+0020, and a combining mark at the beginning.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        // `escape_debug` escapes the apostrophe, too, which ends nothing here.
        for (index, part) in self.0.split('\'').enumerate() {
            if index > 0 {
                f.write_str("'")?;
            }
            write!(f, "{}", part.escape_debug())?;
        }
        f.write_str("\"")
    }
}

/// A sentence of this program or of a library: as [`Quoted`], but without quotation marks, and with those in it as they are.
pub(super) struct Printable<'a>(pub(super) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(['"', '\'', '\\']) {
            let quote = part.chars().next_back().filter(|c| matches!(c, '"' | '\'' | '\\'));
            let plain = quote.and_then(|quote| part.strip_suffix(quote)).unwrap_or(part);
            write!(f, "{}", plain.escape_debug())?;
            if let Some(quote) = quote {
                write!(f, "{quote}")?;
            }
        }
        Ok(())
    }
}

/// The value of a field: bare if it can't be taken for anything else, or if it is quoted already; else [`Quoted`].
pub(super) struct Field<'a>(pub(super) &'a str);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '=' | '\\' | '\'');
        if (!self.0.is_empty() && self.0.chars().all(bare)) || is_quoted(self.0) {
            f.write_str(self.0)
        } else {
            write!(f, "{}", Quoted(self.0))
        }
    }
}

/// Whether a text is one quoted text with nothing in it that [`Quoted`] would have escaped.
fn is_quoted(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    let mut escaped = false;
    for c in inner.chars() {
        if !escaped && c == '"' {
            return false;
        }
        escaped = !escaped && c == '\\';
    }
    // Escapes consist of printable ASCII, so that escaping again changes quotation marks and backslashes only.
    !escaped && Printable(inner).to_string() == inner
}

/// The beginning of a Socket.IO or Engine.IO session ID, enough to find its lines. Whoever knows a whole one can take part in
/// the session by HTTP long-polling: it is a key, and is written nowhere.
#[must_use]
pub fn short(sid: &str) -> &str {
    sid.get(..4).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_forge_a_line_is_escaped() {
        for (name, written) in [
            ("7", r#""7""#),
            ("Zoë O'Brien", r#""Zoë O'Brien""#),
            ("राम", r#""राम""#),
            ("s user=admin", r#""s user=admin""#),
            (r#"s" user="admin"#, r#""s\" user=\"admin""#),
            (r"s\", r#""s\\""#),
            ("a\nb", r#""a\nb""#),
            ("a\u{1b}[31mb", r#""a\u{1b}[31mb""#),
            ("a\u{85}b", r#""a\u{85}b""#),
            ("a\u{2028}b\u{2029}", r#""a\u{2028}b\u{2029}""#),
            ("a\u{202e}b", r#""a\u{202e}b""#),
            ("\u{2066}a\u{2069}", r#""\u{2066}a\u{2069}""#),
            ("a\u{200b}b\u{200f}\u{61c}", r#""a\u{200b}b\u{200f}\u{61c}""#),
            ("\u{feff}a", r#""\u{feff}a""#),
            ("\u{301}a", r#""\u{301}a""#),
            ("a\u{301}", "\"a\u{301}\""),
            ("a\u{a0}b", r#""a\u{a0}b""#),
            ("a\u{e0041}", r#""a\u{e0041}""#),
            ("", r#""""#),
        ] {
            assert_eq!(Quoted(name).to_string(), written);
        }
    }

    #[test]
    fn a_field_is_bare_only_when_nothing_else_can_be_meant() {
        for (value, written) in [
            ("3", "3"),
            ("127.0.0.1:8787", "127.0.0.1:8787"),
            ("", r#""""#),
            ("a b", r#""a b""#),
            ("s user=admin", r#""s user=admin""#),
            (r#""quoted \" once""#, r#""quoted \" once""#),
            (r#""s" user="admin""#, r#""\"s\" user=\"admin\"""#),
            ("\"a\u{202e}\"", r#""\"a\u{202e}\"""#),
            (r#""a\""#, r#""\"a\\\"""#),
            ("\"", r#""\"""#),
        ] {
            assert_eq!(Field(value).to_string(), written);
        }
    }

    #[test]
    fn sentences_keep_their_quotation_marks_and_their_line() {
        assert_eq!(Printable("it's \"so\"\\\n\u{202e}").to_string(), "it's \"so\"\\\\n\\u{202e}");
    }

    #[test]
    fn a_session_id_is_never_written_whole() {
        assert_eq!(short("AAAABBBBCCCCDDDD"), "AAAA");
        assert_eq!(short("AAA"), "");
        assert_eq!(short("ééé"), "éé");
    }
}
