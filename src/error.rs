//! Errors as JavaScript sees them: real `Error` objects with `name` and `code`.

use js_sys::{Error, Reflect};
use pairvoice_core::wire::TextError;
use wasm_bindgen::JsValue;

/// The words of `PairvoiceErrorCode` in `index.d.ts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidOptions,
    TextEmpty,
    TextTooLong,
    TextInvalid,
    SessionEnded,
    NoRandomNumbers,
}

impl Code {
    const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidOptions => "invalid-options",
            Self::TextEmpty => "text-empty",
            Self::TextTooLong => "text-too-long",
            Self::TextInvalid => "text-invalid",
            Self::SessionEnded => "session-ended",
            Self::NoRandomNumbers => "no-random-numbers",
        }
    }
}

/// Makes an error to throw.
pub(crate) fn error(code: Code, message: &str) -> JsValue {
    let error = Error::new(message);
    error.set_name("PairvoiceError");
    let error: JsValue = error.into();
    // Setting a property of a new object can't fail.
    let _ = Reflect::set(&error, &"code".into(), &code.as_str().into());
    error
}

/// A text that can't be sent.
pub(crate) fn text_error(why: TextError) -> JsValue {
    match why {
        TextError::Empty => error(Code::TextEmpty, "the message is empty"),
        TextError::TooLong => error(Code::TextTooLong, "a message has at most 8,000 characters; send it in parts"),
        TextError::ControlCharacter => {
            error(Code::TextInvalid, "a message can't contain control characters; remove them and send it again")
        }
    }
}

/// IDs that are not random would be somebody else's.
pub(crate) fn no_random_numbers() -> JsValue {
    error(Code::NoRandomNumbers, "this environment has no crypto.getRandomValues; open the page in a current browser")
}
