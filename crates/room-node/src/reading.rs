//! What a host decides before a room hears of it: the form of a handshake, and whether a check is let in.

use pairvoice_room::{Admission, Grant};
use pairvoice_wire::{Code, Handshake, Refusal, UserId, VERSION};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::input::{AdmissionIn, GrantIn};

/// The version alone, which is looked at first: a later protocol may have another form.
#[derive(Deserialize)]
struct Version {
    #[serde(default)]
    v: Value,
}

/// What a host needs of a handshake.
#[derive(Serialize)]
struct Read {
    handshake: Handshake,
    signals: usize,
}

/// Reads the `auth` of a handshake, as JSON: `{ "Ok": { handshake, signals } }`, or `{ "Err": refusal }`, which quotes nothing of it.
#[must_use]
#[wasm_bindgen(js_name = readHandshake)]
pub fn read_handshake(auth: &str) -> String {
    serde_json::to_string(&read(auth)).unwrap_or_default()
}

fn read(auth: &str) -> Result<Read, Refusal> {
    let misshapen = |_| Refusal::new(Code::BadRequest, "the handshake's auth does not have the form of the protocol");
    if auth.is_empty() {
        return Err(Refusal::new(Code::BadRequest, "the handshake has no auth"));
    }
    let version: Version = serde_json::from_str(auth).map_err(misshapen)?;
    if version.v.as_u64() != Some(u64::from(VERSION)) {
        return Err(Refusal::new(Code::VersionMismatch, "this server speaks version 1 of the protocol"));
    }
    let handshake: Handshake = serde_json::from_str(auth).map_err(misshapen)?;
    Ok(Read { signals: handshake.signals.len(), handshake })
}

/// Why a check is refused, by what the store knows of the session, as JSON; nothing when it is let in.
#[must_use]
#[wasm_bindgen(js_name = admissionRefusal)]
pub fn admission_refusal(user: &str, grant: &str, admission: &str) -> Option<String> {
    let refusal = match judge(user, grant, admission) {
        Some(Ok(())) => return None,
        Some(Err(refusal)) => refusal,
        None => Refusal::new(Code::Busy, "the chat log can't be read at the moment"),
    };
    serde_json::to_string(&refusal).ok()
}

fn judge(user: &str, grant: &str, admission: &str) -> Option<Result<(), Refusal>> {
    let grant: Grant = serde_json::from_str::<GrantIn>(grant).ok()?.into();
    let admission: Admission = serde_json::from_str::<AdmissionIn>(admission).ok()?.into();
    Some(admission.check(&UserId::parse(user).ok()?, &grant))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code(auth: &str) -> Value {
        serde_json::from_str::<Value>(&read_handshake(auth)).unwrap()["Err"]["code"].clone()
    }

    #[test]
    fn the_version_is_looked_at_before_the_form() {
        assert_eq!(code(""), "bad-request");
        assert_eq!(code("{}"), "version-mismatch");
        assert_eq!(code(r#"{"v":2,"sessionId":7}"#), "version-mismatch");
        assert_eq!(code(r#"{"v":1,"sessionId":7}"#), "bad-request");
        let good = json!({ "v": 1, "token": "t", "sessionId": "s", "userId": "7", "instance": "0".repeat(32) });
        let read: Value = serde_json::from_str(&read_handshake(&good.to_string())).unwrap();
        assert_eq!((&read["Ok"]["handshake"]["userId"], &read["Ok"]["signals"]), (&json!("7"), &json!(0)));
    }

    #[test]
    fn a_revoked_token_and_a_stranger_are_refused() {
        let grant = r#"{"lastsMs":1000,"issuedAt":5}"#;
        assert_eq!(admission_refusal("7", grant, "{}"), None);
        for admission in [r#"{"revoked":{"":5}}"#, r#"{"revoked":{"7":9}}"#, r#"{"participants":["8","9"]}"#] {
            assert!(admission_refusal("7", grant, admission).unwrap().contains("unauthorized"), "{admission}");
        }
        assert!(admission_refusal("7", grant, "7").unwrap().contains("busy"));
    }
}
