use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A folder with a secret and a file of settings, removed with this.
struct Folder(PathBuf);

impl Folder {
    fn new(settings: &str) -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = Self(std::env::temp_dir().join(format!("pairvoice-config-{}-{number}", std::process::id())));
        fs::create_dir(&folder.0).unwrap();
        fs::write(folder.0.join("pairvoice.toml"), settings).unwrap();
        fs::write(folder.0.join("secret"), [b'x'; 32]).unwrap();
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    /// What is read with this file and these flags.
    fn read(&self, more: &[&str]) -> Result<CommandLine, ReadError> {
        let file = self.path("pairvoice.toml");
        read([&["--config", &file], more].concat().as_slice())
    }

    fn refusal(&self, more: &[&str]) -> String {
        self.read(more).unwrap_err().to_string().replace(&self.path(""), "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn read(args: &[&str]) -> Result<CommandLine, ReadError> {
    CommandLine::read(std::iter::once(&"pairvoice-server").chain(args).map(OsString::from))
}

#[test]
fn the_command_line_comes_before_the_file_and_the_file_before_the_default() {
    let folder = Folder::new(
        "# A comment.\nlisten = '[::1]:443'\nrate = 0x20\ndev = true\nallow-origin = ['https://a', \"https://b:8443\"]\nstun = 'stun:a'\n",
    );
    let serve = folder.read(&["--rate", "7"]).unwrap().serve;
    assert_eq!(serve.listen.to_string(), "[::1]:443");
    assert_eq!((serve.limits.rate, serve.dev, serve.database), (7, true, PathBuf::from("pairvoice.db")));
    assert_eq!(
        (serve.allow_origin, serve.stun),
        (vec!["https://a".into(), "https://b:8443".into()], vec!["stun:a".to_owned()])
    );
    let serve = folder.read(&["--allow-origin=https://c", "--listen=127.0.0.1:1"]).unwrap().serve;
    assert_eq!((serve.limits.rate, serve.allow_origin), (32, vec!["https://c".to_owned()]));
    assert_eq!(serve.listen.to_string(), "127.0.0.1:1");
}

#[test]
fn what_stands_wrong_in_a_file_is_named_with_its_line() {
    for (settings, sentence) in [
        ("dev = true\nlisen = 'x'", "pairvoice.toml, line 2: there is no setting lisen; did you mean listen?"),
        ("allow_origin = []", "pairvoice.toml, line 1: there is no setting allow_origin; did you mean allow-origin?"),
        ("\nconfig = 'other'", "pairvoice.toml, line 2: there is no setting config; --help lists them"),
        ("[limits]\nrate = 1", "pairvoice.toml, line 1: there is no setting limits; --help lists them"),
        ("rate = '100'", "pairvoice.toml, line 1: rate takes a whole number, not a string"),
        ("rate = 1.5", "pairvoice.toml, line 1: rate takes a whole number, not a fraction"),
        ("rate = [1]", "pairvoice.toml, line 1: rate takes a whole number, not an array"),
        ("dev = 'yes'", "pairvoice.toml, line 1: dev takes true or false, not a string"),
        ("database = 1", "pairvoice.toml, line 1: database takes a string in quotes, not a whole number"),
        (
            "allow-origin = [true]",
            "pairvoice.toml, line 1: allow-origin takes a string in quotes or an array of them, not true or false",
        ),
        ("rate = 0", "pairvoice.toml, line 1: rate: with a rate of 0 no connection could send"),
        ("chat-days = 0", "pairvoice.toml, line 1: chat-days: 0 is not in 1.."),
        ("listen = 'here'", "pairvoice.toml, line 1: listen: invalid socket address"),
        ("database = ''", "pairvoice.toml, line 1: database: this value does not fit"),
        ("allow-origin = ['https://a',\n'null']", "pairvoice.toml, line 1: allow-origin: null is the origin of files"),
        ("dev = true\nrate = \n", "pairvoice.toml, line 2: "),
        ("dev = true\ndev = true\n", "pairvoice.toml, line 2: duplicate key"),
    ] {
        let refusal = Folder::new(settings).refusal(&[]);
        assert!(refusal.starts_with(sentence), "{settings}: {refusal}");
    }
    let folder = Folder::new("");
    let missing = folder.path("missing.toml");
    let refusal = read(&["--config", &missing]).unwrap_err().to_string();
    assert!(refusal.starts_with(&format!("cannot read the settings in {missing}: ")), "{refusal}");
}

#[test]
fn a_conflict_with_the_command_line_names_the_file() {
    let folder = Folder::new("dev = true");
    let refusal = folder.refusal(&["--jwt-secret-file", "secret"]);
    assert!(
        refusal.contains("cannot be used with") && refusal.contains("Settings of pairvoice.toml take part"),
        "{refusal}"
    );
}

#[test]
fn help_is_help_whatever_the_file_holds() {
    let folder = Folder::new("nonsense");
    let ReadError::Usage(help) = folder.read(&["--help"]).unwrap_err() else { panic!("help was asked for") };
    assert_eq!(help.exit_code(), 0);
}

#[test]
fn what_is_printed_is_a_file_that_gives_the_same() {
    let folder = Folder::new("rate = 3\nchat-days = 9\nallow-origin = ['https://a', 'https://b']");
    let secret = folder.path("secret");
    let line = folder.read(&["--print-config", "--jwt-secret-file", &secret]).unwrap();
    let printed = line.effective.unwrap();
    let file = folder.path("pairvoice.toml");
    for (setting, source) in [
        ("listen = \"127.0.0.1:8787\"", "default"),
        ("rate = 3", file.as_str()),
        ("chat-days = 9", &file),
        ("allow-origin = [\"https://a\", \"https://b\"]", &file),
        ("dev = false", "default"),
        (&format!("jwt-secret-file = [\"{secret}\"]"), "command line"),
    ] {
        assert!(printed.contains(&format!("\n{setting} # {source}\n")), "{setting} in {printed}");
    }
    assert!(printed.contains("\n# tls-cert is not set\n") && !printed.contains("xxxx"), "{printed}");
    let again = Folder::new(&printed).read(&["--print-config"]).unwrap();
    let values = |text: &str| {
        text.lines().map(|line| line.rsplit_once(" # ").map_or(line, |(value, _)| value).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(values(&again.effective.unwrap()), values(&printed));
}

/// Flags of another module.
#[derive(Debug, Parser)]
struct Others {
    #[arg(long, env = "PAIRVOICE_TEST_CONFIG")]
    config: Option<PathBuf>,
    #[arg(long, value_parser = ["text", "json"])]
    log_format: Option<String>,
    #[arg(long)]
    key: Vec<PathBuf>,
    #[arg(long, action = clap::ArgAction::Count)]
    verbose: u8,
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true)]
    metrics: bool,
    #[arg(long, value_parser = |text: &str| text.parse().map(std::time::Duration::from_secs))]
    drain: Option<std::time::Duration>,
    #[arg(long, hide_env_values = true)]
    password: Option<String>,
}

fn others(settings: &str) -> Result<(Others, String), String> {
    let folder = Folder::new(settings);
    let args = ["others", "--config", &folder.path("pairvoice.toml")].map(OsString::from).to_vec();
    let command = Others::command();
    let merged = file::merge(&command, args).map_err(|e| e.to_string())?;
    let matches = command.clone().try_get_matches_from(&merged.args).map_err(|e| e.to_string())?;
    Ok((Others::from_arg_matches(&matches).unwrap(), effective::effective(&command, &matches, &merged)))
}

#[test]
fn any_flag_is_a_key() {
    let settings =
        "log-format = 'json'\nkey = ['a', 'b']\nverbose = 2\nmetrics = false\ndrain = 5\npassword = 'hunter2'";
    let (others_read, printed) = others(settings).unwrap();
    assert!(others_read.config.is_some() && !others_read.metrics);
    assert_eq!((others_read.log_format.as_deref(), others_read.verbose), (Some("json"), 2));
    assert_eq!((others_read.key.len(), others_read.drain.map(|d| d.as_secs())), (2, Some(5)));
    assert_eq!(others_read.password.as_deref(), Some("hunter2"));
    assert!(printed.contains("\n# password is set and not shown\n") && !printed.contains("hunter2"), "{printed}");
    assert!(printed.contains("key = [\"a\", \"b\"] # "), "{printed}");
    let error = others("log-format = 'xml'").unwrap_err();
    assert!(error.ends_with("log-format: give one of text, json"), "{error}");
}

#[test]
fn addresses_meet_on_one_port() {
    for (one, other, met) in [
        ("127.0.0.1:1", "127.0.0.1:1", true),
        ("0.0.0.0:1", "127.0.0.1:1", true),
        ("[::]:1", "127.0.0.1:1", true),
        ("127.0.0.1:1", "127.0.0.2:1", false),
        ("127.0.0.1:1", "127.0.0.1:2", false),
        ("127.0.0.1:0", "127.0.0.1:0", false),
    ] {
        assert_eq!(meet(one.parse().unwrap(), other.parse().unwrap()), met, "{one} {other}");
    }
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let folder = Folder::new("");
    let file = folder.path("secret");
    for (args, words) in [
        (&["--listen", "127.0.0.1:1", "--admin-listen", "127.0.0.1:1"][..], "are one port"),
        (&["--listen", "0.0.0.0:1"], "loopback"),
        (&["--database", "/nowhere/at/all.db"], "there is no folder /nowhere/at for --database /nowhere/at/all.db"),
        (&["--database", "/"], "--database / is a folder"),
        (&["--static", "/nowhere"], "--static /nowhere can't be served: "),
        (&["--static", &file], "is not a folder"),
        (&["--tls-cert", &file], "needs --tls-key"),
        (&["--tls-key", &file], "needs --tls-cert"),
    ] {
        let serve = folder.read(&[&["--dev"], args].concat()).unwrap().serve;
        let error = serve.into_config().unwrap_err().to_string();
        assert!(error.contains(words), "{args:?}: {error}");
    }
}
