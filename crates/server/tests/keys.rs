//! Keys in files: what is refused, and what a change of the files does.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use pairvoice_server::auth::{Claims, KeyArgs, KeyError, KeyFault, KeyFile, Keys};
use pairvoice_wire::{SessionId, UserId};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pairvoice-keys-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn secret(kid: Option<&str>, path: &Path) -> KeyFile {
    KeyFile { kid: kid.map(str::to_owned), path: path.into() }
}

fn secrets(files: Vec<KeyFile>) -> KeyArgs {
    KeyArgs { jwt_secret_file: files, ..KeyArgs::default() }
}

fn public(path: &Path) -> KeyArgs {
    KeyArgs { jwt_public_key_file: vec![secret(None, path)], ..KeyArgs::default() }
}

fn jwks(path: &Path) -> KeyArgs {
    KeyArgs { jwks_file: Some(path.into()), ..KeyArgs::default() }
}

fn lets_in(keys: &Keys, token: &str, user: &str) -> Result<(), String> {
    let (session, user) = (SessionId::parse("s").unwrap(), UserId::parse(user).unwrap());
    keys.verify(token, &session, &user).map(drop).map_err(|refusal| refusal.message)
}

#[test]
fn every_error_names_the_file() {
    let folder = Folder::new("errors");
    let fixture = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys").join(name);
    let pem = fs::read_to_string(fixture("rsa_test_public.pem")).unwrap();
    let short = folder.write("short", &"x".repeat(31), 0o600);
    let loose = folder.write("loose", &"x".repeat(32), 0o640);
    let as_secret = folder.write("pem", &pem, 0o600);
    let text = folder.write("text", "no key", 0o644);
    let large = folder.write("large", &" ".repeat(1024 * 1024 + 1), 0o644);
    let missing = folder.0.join("missing");
    let weak = fixture("rsa_1024_test_public.pem");
    for (args, path, words) in [
        (secrets(vec![secret(None, &short)]), &short, "fewer than 32 bytes"),
        (secrets(vec![secret(None, &loose)]), &loose, "chmod 600"),
        (secrets(vec![secret(None, &as_secret)]), &as_secret, "is a PEM file"),
        (secrets(vec![secret(None, &missing)]), &missing, "cannot read the secret file"),
        (public(&missing), &missing, "cannot read the public key file"),
        (public(&text), &text, "not one public key"),
        (public(&weak), &weak, "at least 2048"),
        (jwks(&missing), &missing, "cannot read the JWKS file"),
        (jwks(&text), &text, "not a set of JSON web keys"),
        (jwks(&large), &large, "larger than 1 MiB"),
    ] {
        let error = Keys::load(&args).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains(path.to_str().unwrap()), "{error}");
    }
    assert!(matches!(Keys::load(&public(&weak)), Err(KeyError::Key { fault: KeyFault::Weak(1_024), .. })));
    assert!(matches!(Keys::load(&KeyArgs::default()), Err(KeyError::NoKey)));
    assert!(matches!(
        Keys::load(&public(&fixture("ed_test_public.pem"))).unwrap().sign(&claims()),
        Err(KeyError::NoSecret)
    ));
}

fn claims() -> Claims {
    Claims::new("7", "s", 60)
}

#[test]
fn a_secret_is_exchanged_and_a_broken_file_changes_nothing() {
    let folder = Folder::new("rotation");
    let path = folder.write("secret", &format!("  {}\n", "a".repeat(32)), 0o600);
    let keys = Keys::load(&secrets(vec![secret(Some("k"), &path)])).unwrap();
    let first = keys.sign(&claims()).unwrap();
    assert_eq!(lets_in(&keys, &first, "7"), Ok(()));
    assert_eq!(lets_in(&keys, &first, "9").unwrap_err(), "the token is for another user");
    let elsewhere = keys.sign(&Claims::new("7", "other", 60)).unwrap();
    assert_eq!(lets_in(&keys, &elsewhere, "7").unwrap_err(), "the token is for another session");

    folder.write("secret", "short", 0o600);
    assert!(matches!(keys.reload(), Err(KeyError::ShortSecret(_))));
    assert_eq!(lets_in(&keys, &first, "7"), Ok(()));

    folder.write("secret", &"b".repeat(32), 0o600);
    keys.reload().unwrap();
    assert_eq!(lets_in(&keys, &first, "7").unwrap_err(), "the token is signed with another key");
    assert_eq!(lets_in(&keys, &keys.sign(&claims()).unwrap(), "7"), Ok(()));
}

#[test]
fn a_development_secret_is_random_and_stays() {
    let (a, b) = (Keys::dev().unwrap(), Keys::dev().unwrap());
    let token = a.sign(&claims()).unwrap();
    a.reload().unwrap();
    assert_eq!(lets_in(&a, &token, "7"), Ok(()));
    assert!(lets_in(&b, &token, "7").is_err());
    assert!(!format!("{a:?}").contains("set"));
}
