//! What a token says (RFC 7519 section 4.1), and when it may say it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pairvoice_wire::{Detail, Refusal, UserId};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::unauthorized;

/// How far clocks may differ, in seconds.
pub(crate) const SKEW_S: u64 = 30;

/// What a token says. Times are in seconds since 1970; fractions are cut off.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: String,
    /// The session.
    pub session: String,
    /// Until when the token is valid.
    #[serde(deserialize_with = "date")]
    pub exp: u64,
    /// From when on the token is valid.
    #[serde(default, deserialize_with = "optional_date", skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// When the token was made.
    #[serde(default, deserialize_with = "optional_date", skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// Which services the token is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
    /// Who made the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The two users of the session, when the app names them: nobody else gets in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participants: Option<Vec<String>>,
    /// What the app calls the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the app has the user be, such as mentor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// Which services a token is for (RFC 7519 section 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// This one.
    One(String),
    /// Each of these.
    Many(Vec<String>),
}

impl Audience {
    fn includes(&self, service: &str) -> bool {
        match self {
            Self::One(name) => name == service,
            Self::Many(names) => names.iter().any(|name| name == service),
        }
    }
}

impl Claims {
    /// Lets a user into a session from now on, for so many seconds.
    #[must_use]
    pub fn new(user: impl Into<String>, session: impl Into<String>, valid_s: u64) -> Self {
        let now = now_s();
        Self {
            sub: user.into(),
            session: session.into(),
            exp: now.saturating_add(valid_s),
            nbf: None,
            iat: Some(now),
            aud: None,
            iss: None,
            participants: None,
            name: None,
            role: None,
        }
    }

    /// The two participants, if the token names them: two different users, of whom the token's user is one.
    #[must_use]
    pub fn participants(&self) -> Option<[UserId; 2]> {
        let [a, b] = self.participants.as_deref()? else { return None };
        if a == b || (*a != self.sub && *b != self.sub) {
            return None;
        }
        Some([UserId::parse(a).ok()?, UserId::parse(b).ok()?])
    }

    /// The other of the two participants.
    #[must_use]
    pub fn peer(&self) -> Option<UserId> {
        self.participants()?.into_iter().find(|user| user.as_str() != self.sub)
    }

    /// Checks all but the user and the session, at a time in seconds since 1970.
    pub(super) fn check(&self, now: u64, audience: Option<&str>, issuer: Option<&str>) -> Result<(), Refusal> {
        let latest = now.saturating_add(SKEW_S);
        if self.exp.saturating_add(SKEW_S) < now {
            return Err(Refusal::of_token(Detail::Expired, "the token has expired"));
        }
        if self.nbf.is_some_and(|nbf| nbf > latest) {
            return Err(unauthorized("the token is not valid yet (nbf)"));
        }
        if self.iat.is_some_and(|iat| iat > latest) {
            return Err(unauthorized("the token was issued in the future (iat); a clock is wrong"));
        }
        match (audience, &self.aud) {
            (Some(_), None) => return Err(unauthorized("the token has no audience (aud)")),
            (Some(own), Some(aud)) if !aud.includes(own) => {
                return Err(unauthorized("the token is for another audience (aud)"));
            }
            // A service that is not named by the audience has to refuse (RFC 7519 section 4.1.3), and this one has no name.
            (None, Some(_)) => {
                return Err(unauthorized("the token has an audience (aud), and the server has no --jwt-audience"));
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        if issuer.is_some() && self.iss.as_deref() != issuer {
            return Err(unauthorized("the token is not from the server's issuer (iss)"));
        }
        if self.participants.is_some() && self.participants().is_none() {
            return Err(unauthorized("the token's participants are not two different users, of whom its user is one"));
        }
        Ok(())
    }
}

/// Seconds since 1970.
#[must_use]
pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Seconds since 1970 as any number that is not negative (`NumericDate`, RFC 7519 section 2).
fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number = serde_json::Number::deserialize(deserializer)?;
    let fraction = || Duration::try_from_secs_f64(number.as_f64()?).ok();
    number.as_u64().or_else(|| Some(fraction()?.as_secs())).ok_or_else(|| D::Error::custom("not a date"))
}

fn optional_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    date(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: u64 = 1_700_000_000;

    fn claims(more: Value) -> Result<Claims, serde_json::Error> {
        let mut all = json!({ "sub": "7", "session": "s", "exp": NOW });
        let Value::Object(more) = more else { panic!("not an object") };
        all.as_object_mut().unwrap().extend(more);
        serde_json::from_value(all)
    }

    fn check(more: Value) -> Result<(), String> {
        claims(more).unwrap().check(NOW, None, None).map_err(|refusal| refusal.message)
    }

    #[test]
    fn clocks_may_differ_by_half_a_minute() {
        for good in [
            json!({ "exp": NOW - 30 }),
            json!({ "exp": 9e18 }),
            json!({ "nbf": NOW + 30 }),
            json!({ "iat": NOW + 30 }),
            json!({ "exp": 1_700_000_060.25, "nbf": 0, "iat": 1_699_999_999.75 }),
        ] {
            assert_eq!(check(good.clone()), Ok(()), "{good}");
        }
        assert!(check(json!({ "exp": NOW - 31 })).unwrap_err().contains("expired"));
        let detail = |more: Value| claims(more).unwrap().check(NOW, None, None).unwrap_err().detail;
        assert_eq!(detail(json!({ "exp": NOW - 31 })), Some(Detail::Expired));
        assert_eq!(detail(json!({ "nbf": NOW + 31 })), Some(Detail::Invalid));
        assert!(check(json!({ "nbf": NOW + 31 })).unwrap_err().contains("nbf"));
        assert!(check(json!({ "iat": NOW + 31 })).unwrap_err().contains("iat"));
    }

    #[test]
    fn what_is_not_a_date_is_none() {
        for bad in [json!("1"), json!(-1), json!(-0.5), json!(1e300), json!(null), json!([1])] {
            for name in ["exp", "nbf", "iat"] {
                assert!(claims(json!({ name: bad })).is_err(), "{name}: {bad}");
            }
        }
        assert!(serde_json::from_value::<Claims>(json!({ "sub": "7", "session": "s" })).is_err(), "exp is required");
    }

    #[test]
    fn participants_are_two_different_users_of_whom_one_is_the_tokens() {
        let names = |names: Value| claims(json!({ "participants": names })).unwrap();
        let both = names(json!(["9", "7"]));
        assert_eq!(both.participants().unwrap().map(|user| user.to_string()), ["9", "7"]);
        assert_eq!(both.peer().unwrap().as_str(), "9");
        for bad in
            [json!([]), json!(["7"]), json!(["7", "7"]), json!(["8", "9"]), json!(["7", "8", "9"]), json!(["7", ""])]
        {
            assert_eq!(names(bad.clone()).participants(), None, "{bad}");
            assert!(check(json!({ "participants": bad })).unwrap_err().contains("participants"), "{bad}");
        }
        assert_eq!(claims(json!({})).unwrap().participants(), None);
        assert_eq!(check(json!({})), Ok(()));
    }

    #[test]
    fn audience_and_issuer_are_those_of_the_server() {
        let check = |more: Value| claims(more).unwrap().check(NOW, Some("voice"), Some("app")).map_err(|r| r.message);
        assert_eq!(check(json!({ "aud": "voice", "iss": "app" })), Ok(()));
        assert_eq!(check(json!({ "aud": ["mail", "voice"], "iss": "app" })), Ok(()));
        for bad in [json!({}), json!({ "aud": "mail" }), json!({ "aud": [] })] {
            let mut bad = bad;
            bad.as_object_mut().unwrap().insert("iss".into(), "app".into());
            assert!(check(bad.clone()).unwrap_err().contains("(aud)"), "{bad}");
        }
        assert!(check(json!({ "aud": "voice" })).unwrap_err().contains("(iss)"));
        assert!(check(json!({ "aud": "voice", "iss": "other" })).unwrap_err().contains("(iss)"));
        let unasked = claims(json!({ "aud": "mail", "iss": "app" })).unwrap().check(NOW, None, None).unwrap_err();
        assert!(unasked.message.contains("--jwt-audience"));
    }
}
