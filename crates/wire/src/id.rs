//! Identifiers, valid from the moment they exist.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::limit::MAX_ID_BYTES;

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdError {
    /// It has no character.
    Empty,
    /// It has more bytes than its kind allows.
    TooLong,
    /// It holds a character that its kind does not allow.
    BadCharacter,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an ID must not be empty",
            Self::TooLong => "an ID has at most 128 bytes",
            Self::BadCharacter => "an ID must not contain control characters",
        })
    }
}

impl std::error::Error for IdError {}

fn check_name(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        Err(IdError::Empty)
    } else if text.len() > MAX_ID_BYTES {
        Err(IdError::TooLong)
    } else if text.chars().any(char::is_control) {
        Err(IdError::BadCharacter)
    } else {
        Ok(())
    }
}

/// So many lower-case hexadecimal digits, with dashes at these places and nowhere else.
fn check_hex(text: &str, length: usize, dashes: &[usize]) -> Result<(), IdError> {
    let fits = |(at, b): (usize, u8)| match b {
        b'0'..=b'9' | b'a'..=b'f' => !dashes.contains(&at),
        b => b == b'-' && dashes.contains(&at),
    };
    if text.is_empty() {
        Err(IdError::Empty)
    } else if text.len() > length {
        Err(IdError::TooLong)
    } else if text.len() == length && text.bytes().enumerate().all(fits) {
        Ok(())
    } else {
        Err(IdError::BadCharacter)
    }
}

macro_rules! identifier {
    ($(#[$meta:meta])* $name:ident, $check:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes a text that has the form of this identifier.
            ///
            /// # Errors
            /// [`IdError`] says which rule it breaks.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                ($check)(text)?;
                Ok(Self(text.to_owned()))
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                ($check)(&text)?;
                Ok(Self(text))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// The coding session that two people share: 1–128 bytes of UTF-8 without control characters, not normalised.
    SessionId,
    check_name
);
identifier!(
    /// One person of a session, as the app knows them: 1–128 bytes of UTF-8 without control characters, not normalised.
    UserId,
    check_name
);
identifier!(
    /// One life of a session object, from join to end: 128 random bits as 32 hexadecimal digits.
    InstanceId,
    |text: &str| check_hex(text, 32, &[])
);
identifier!(
    /// One chat message: a UUID (version 7, RFC 9562 section 5.7) in its usual form of 36 characters.
    MessageId,
    |text: &str| check_hex(text, 36, &[8, 13, 18, 23])
);

impl InstanceId {
    /// The first eight characters, enough to tell instances apart in a log.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_1_to_128_bytes_and_no_control_character() {
        assert_eq!(UserId::parse(""), Err(IdError::Empty));
        assert!(UserId::parse(&"é".repeat(64)).is_ok());
        assert_eq!(UserId::parse(&"é".repeat(65)), Err(IdError::TooLong));
        assert_eq!(UserId::parse("a\u{7}b"), Err(IdError::BadCharacter));
        assert_eq!(SessionId::parse("s\n"), Err(IdError::BadCharacter));
    }

    #[test]
    fn instances_are_32_hexadecimal_digits() {
        assert!(InstanceId::parse(&"0a".repeat(16)).is_ok());
        assert!(InstanceId::parse(&"0A".repeat(16)).is_err());
        assert!(InstanceId::parse("0a").is_err());
        assert_eq!(InstanceId::parse(&"0a".repeat(16)).unwrap().short(), "0a0a0a0a");
    }

    #[test]
    fn a_bad_identifier_is_refused_when_read_from_the_wire() {
        assert!(serde_json::from_str::<UserId>("\"\"").is_err());
        for wrong in
            ["x", &"-".repeat(36), "0192f0c12345-7abc-8def-0123456789ab-", "0192F0C1-2345-7abc-8def-0123456789ab"]
        {
            assert!(serde_json::from_str::<MessageId>(&format!("{wrong:?}")).is_err(), "{wrong}");
        }
        assert!(serde_json::from_str::<MessageId>("\"0192f0c1-2345-7abc-8def-0123456789ab\"").is_ok());
    }
}
