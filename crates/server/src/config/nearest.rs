//! The known name that somebody may have meant.

/// The name that needs the fewest changes, if they are few: a third of its length.
pub(super) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase().replace('_', "-");
    let (changes, name) = names.map(|name| (distance(&wrong, name), name)).min()?;
    (changes <= (name.len() / 3).max(1)).then_some(name)
}

/// Insertions, removals and substitutions between two texts (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(other.chars()) {
            let substituted = diagonal + usize::from(a != b);
            diagonal = *cell;
            left = substituted.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_textbook() {
        for (one, other, changes) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2)]
        {
            assert_eq!(distance(one, other), changes, "{one} {other}");
        }
    }

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_none() {
        let names = ["listen", "allow-origin", "rate", "chat-days"];
        for (wrong, name) in [
            ("lisen", "listen"),
            ("allow_origin", "allow-origin"),
            ("allow-origins", "allow-origin"),
            ("Rate", "rate"),
            ("chatdays", "chat-days"),
        ] {
            assert_eq!(nearest(wrong, names.into_iter()), Some(name));
        }
        assert_eq!(nearest("certificate", names.into_iter()), None);
    }
}
