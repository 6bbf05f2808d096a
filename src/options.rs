//! What the app asks for, checked once.

use js_sys::{Function, Number};
use pairvoice_core::Processing;
use pairvoice_core::wire::{IdError, SessionId, UserId};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MediaStreamTrack, Url};

use crate::console::Level;
use crate::convert::{property, text};
use crate::error::{Code, error};
use crate::gathering::Gathering;

/// Where tokens come from.
#[derive(Debug, Clone)]
pub(crate) enum Token {
    Text(String),
    Function(Function),
}

/// The signalling server's address in one form, however it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// Scheme, host and port.
    pub(crate) origin: String,
    /// The path below which Socket.IO is sought, without a slash at its end.
    pub(crate) path: String,
}

/// The checked options.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) server: Server,
    pub(crate) session: SessionId,
    pub(crate) user: UserId,
    pub(crate) peer: Option<UserId>,
    pub(crate) token: Token,
    pub(crate) gathering: Gathering,
    /// A link may stand while nobody talks.
    pub(crate) standby: bool,
    pub(crate) log: Level,
    /// The microphone that the app names; none is what the person chose before.
    pub(crate) microphone: Option<GivenMicrophone>,
    /// What is done to its sound unless the person chooses otherwise.
    pub(crate) processing: Processing,
}

/// A microphone as the app names it.
#[derive(Debug, Clone)]
pub(crate) enum GivenMicrophone {
    /// By its `deviceId`.
    Id(String),
    /// A track of the app's own.
    Track(MediaStreamTrack),
}

impl Options {
    /// Checks the options of `joinSession`.
    ///
    /// # Errors
    /// An `Error` with code `invalid-options` that says what to change.
    pub(crate) fn parse(options: &JsValue) -> Result<Self, JsValue> {
        // The app's object may be anything: it is read by the names of `SessionOptions` in `index.d.ts`.
        let given = |name| property(options, name);
        let url = given("url").as_string().filter(|url| !url.is_empty());
        let user = user_id(&given("userId"), "userId")?.ok_or_else(|| invalid("userId is missing"))?;
        let peer = user_id(&given("peerUserId"), "peerUserId")?;
        let session = id(&given("sessionId"), "sessionId")?.ok_or_else(|| invalid("sessionId is missing"))?;
        Ok(Self {
            server: server(url.as_deref())?,
            session: SessionId::parse(&session).map_err(|e| bad_id("sessionId", e))?,
            user,
            peer,
            token: token(&given("token"))?,
            gathering: if given("relayOnly").is_truthy() { Gathering::RelayOnly } else { Gathering::All },
            standby: given("standby").is_truthy(),
            log: match given("log").as_string().as_deref() {
                Some("silent") => Level::Silent,
                Some("debug") => Level::Debug,
                _ => Level::Info,
            },
            microphone: microphone(&given("microphone"))?,
            processing: processing(options, Processing::default()),
        })
    }

    /// Two options objects of one session: same server, session and user.
    pub(crate) fn is_same_session(&self, other: &Self) -> bool {
        self.server == other.server && self.session == other.session && self.user == other.user
    }
}

/// A microphone's ID, a live audio track, or nothing.
///
/// # Errors
/// An `Error` with code `invalid-options`.
pub(crate) fn microphone(value: &JsValue) -> Result<Option<GivenMicrophone>, JsValue> {
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    if let Some(id) = value.as_string() {
        return Ok(Some(GivenMicrophone::Id(id)));
    }
    // By its kind, not by `instanceof`: it may be of another frame.
    if property(value, "kind").as_string().as_deref() == Some("audio") {
        return Ok(Some(GivenMicrophone::Track(value.clone().unchecked_into())));
    }
    Err(invalid("microphone must be a device's id or an audio MediaStreamTrack"))
}

/// The switches that an object has; the others stay.
pub(crate) fn processing(value: &JsValue, otherwise: Processing) -> Processing {
    let flag = |name, otherwise| property(value, name).as_bool().unwrap_or(otherwise);
    Processing {
        echo_cancellation: flag("echoCancellation", otherwise.echo_cancellation),
        noise_suppression: flag("noiseSuppression", otherwise.noise_suppression),
        auto_gain_control: flag("autoGainControl", otherwise.auto_gain_control),
    }
}

fn server(url: Option<&str>) -> Result<Server, JsValue> {
    let base = property(&property(&js_sys::global(), "location"), "href").as_string().unwrap_or_default();
    let url = url.and_then(|url| Url::new_with_base(url, &base).ok());
    let url = url.ok_or_else(|| invalid("url must be the server's address"))?;
    let (origin, path) = (url.origin(), url.pathname().trim_end_matches('/').to_owned());
    if origin.starts_with("http") {
        Ok(Server { origin, path })
    } else {
        Err(invalid(&["url must begin with https: or http:, not with ", &url.protocol()].concat()))
    }
}

fn token(value: &JsValue) -> Result<Token, JsValue> {
    if let Some(text) = value.as_string() {
        return Ok(Token::Text(text));
    }
    match value.dyn_ref::<Function>() {
        Some(function) => Ok(Token::Function(function.clone())),
        None => Err(invalid("token must be a string or a function that returns a promise of one")),
    }
}

fn user_id(value: &JsValue, name: &str) -> Result<Option<UserId>, JsValue> {
    match id(value, name)? {
        Some(text) => UserId::parse(&text).map(Some).map_err(|e| bad_id(name, e)),
        None => Ok(None),
    }
}

/// A text stays as it is; a safe integer means its decimal string.
fn id(value: &JsValue, name: &str) -> Result<Option<String>, JsValue> {
    if value.is_undefined() || value.is_null() {
        return Ok(None);
    }
    if value.is_string() {
        return text(value).map(Some).ok_or_else(|| invalid(&[name, " holds half a character"].concat()));
    }
    let number = value.as_f64().filter(|n| Number::is_safe_integer(value) && *n >= 0.0);
    match number {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A safe integer from 0.
        Some(number) => Ok(Some((number as u64).to_string())),
        None => Err(invalid(&[name, " must be a string or an integer from 0"].concat())),
    }
}

fn bad_id(name: &str, why: IdError) -> JsValue {
    let why = match why {
        IdError::Empty => " must not be empty",
        IdError::TooLong => " has at most 128 bytes",
        IdError::BadCharacter => " must not contain control characters",
    };
    invalid(&[name, why].concat())
}

fn invalid(message: &str) -> JsValue {
    error(Code::InvalidOptions, message)
}
