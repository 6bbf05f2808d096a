//! JavaScript values from Rust ones: state and events for the app, wire types for sockets, and what is recorded.
//!
//! A value is written as JSON (RFC 8259), which the browser reads: a fraction of the code that sets property by property takes.

use js_sys::JSON;
use serde::Serialize;
use serde::ser::{self, Serializer};
use wasm_bindgen::JsValue;

use crate::convert::{describe, freeze};

/// A plain JavaScript value; what is absent is `null`, unless its type leaves it out.
pub(crate) fn to_js<T: Serialize + ?Sized>(value: &T) -> JsValue {
    let mut text = String::new();
    // Every type can be written, and what was written can be read.
    let _ = value.serialize(Text(&mut text));
    JSON::parse(&text).unwrap_or_default()
}

/// The same, frozen, for the app.
pub(crate) fn to_frozen<T: Serialize + ?Sized>(value: &T) -> JsValue {
    let value = to_js(value);
    freeze(&value);
    value
}

/// It can't be written: no type that is written here says so.
#[derive(Debug)]
struct Unwritable;

impl std::fmt::Display for Unwritable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Unwritable {}

impl ser::Error for Unwritable {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Appends the digits of a number.
fn integer(text: &mut String, mut number: u64) {
    let mut digits = [0_u8; 20];
    let mut length = 0;
    for digit in digits.iter_mut().rev() {
        // A digit is below 10.
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        length += 1;
        if number == 0 {
            break;
        }
    }
    text.extend(digits.iter().skip(digits.len() - length).map(|digit| char::from(*digit)));
}

/// Appends a string with its quotes (RFC 8259 section 7).
fn string(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => {
                text.push('\\');
                text.push(c);
            }
            c if c < ' ' => {
                text.push_str(if c < '\u{10}' { "\\u000" } else { "\\u001" });
                text.push(char::from_digit(u32::from(c) % 16, 16).unwrap_or_default());
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

/// Appends a value.
struct Text<'a>(&'a mut String);

impl<'a> Text<'a> {
    #[allow(clippy::unnecessary_wraps, reason = "the answer of the trait's methods")]
    fn word(self, word: &str) -> Result<(), Unwritable> {
        self.0.push_str(word);
        Ok(())
    }

    /// Begins an object with one field, the name of a variant.
    fn variant(self, name: &str) -> &'a mut String {
        self.0.push('{');
        string(self.0, name);
        self.0.push(':');
        self.0
    }
}

/// An array or an object whose parts are appended one after the other.
struct Parts<'a> {
    text: &'a mut String,
    first: bool,
    end: &'static str,
}

impl<'a> Parts<'a> {
    fn new(text: &'a mut String, begin: char, end: &'static str) -> Self {
        text.push(begin);
        Self { text, first: true, end }
    }

    fn next(&mut self) {
        if !std::mem::replace(&mut self.first, false) {
            self.text.push(',');
        }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.next();
        value.serialize(Text(self.text))
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Unwritable> {
        self.next();
        string(self.text, name);
        self.text.push(':');
        value.serialize(Text(self.text))
    }

    fn finish(self) {
        self.text.push_str(self.end);
    }
}

macro_rules! integers {
    ($($method:ident $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), Unwritable> {
            integer(self.0, u64::from(value));
            Ok(())
        })*
    };
}

macro_rules! others {
    ($($method:ident $type:ty),*) => {
        $(fn $method(self, _: $type) -> Result<(), Unwritable> {
            Err(Unwritable)
        })*
    };
}

impl<'a> Serializer for Text<'a> {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = ser::Impossible<(), Unwritable>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    integers!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64);
    others!(serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_f32 f32, serialize_bytes &[u8]);

    fn serialize_bool(self, value: bool) -> Result<(), Unwritable> {
        self.word(if value { "true" } else { "false" })
    }

    fn serialize_f64(self, value: f64) -> Result<(), Unwritable> {
        if value.is_finite() { self.word(&describe(&value.into())) } else { self.word("null") }
    }

    fn serialize_char(self, value: char) -> Result<(), Unwritable> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Unwritable> {
        string(self.0, value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unwritable> {
        self.word("null")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unwritable> {
        self.word("null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unwritable> {
        self.word("null")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Unwritable> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        let text = self.variant(variant);
        value.serialize(Text(text))?;
        text.push('}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Unwritable> {
        Ok(Parts::new(self.0, '[', "]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Unwritable> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Unwritable> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Unwritable> {
        Ok(Parts::new(self.variant(variant), '[', "]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unwritable> {
        Err(Unwritable)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Unwritable> {
        Ok(Parts::new(self.0, '{', "}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Unwritable> {
        Ok(Parts::new(self.variant(variant), '{', "}}"))
    }
}

macro_rules! parts {
    ($($kind:ident $append:ident($($name:ident: $type:ty)?) $by:ident),*) => {
        $(impl ser::$kind for Parts<'_> {
            type Ok = ();
            type Error = Unwritable;

            fn $append<T: Serialize + ?Sized>(&mut self, $($name: $type,)? value: &T) -> Result<(), Unwritable> {
                self.$by($($name,)? value)
            }

            fn end(self) -> Result<(), Unwritable> {
                self.finish();
                Ok(())
            }
        })*
    };
}

parts!(
    SerializeSeq serialize_element() item,
    SerializeTuple serialize_element() item,
    SerializeTupleStruct serialize_field() item,
    SerializeTupleVariant serialize_field() item,
    SerializeStruct serialize_field(name: &'static str) field,
    SerializeStructVariant serialize_field(name: &'static str) field
);
