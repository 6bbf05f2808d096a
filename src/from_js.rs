//! Wire types from JavaScript values: a serde deserializer that knows no error texts.
//!
//! serde-wasm-bindgen reads in general: it visits each struct as a map, so that derived code compares every name, and its error
//! messages bring number formatting into the module. Together that is more than 27 KB after gzip (ARCHITECTURE.md). Here the error is a bare fact, for what does not have its form is only counted. Structs are read field by
//! field in the order of the type; a field that may be missing has `#[serde(default)]`.

use std::fmt;

use js_sys::{Array, Object};
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use wasm_bindgen::{JsCast, JsValue};

use crate::convert::{property, text};

/// A Rust value, if the JavaScript one has its form.
pub(crate) fn from_js<T: DeserializeOwned>(value: &JsValue) -> Option<T> {
    T::deserialize(Value(value)).ok()
}

/// It has not the form.
#[derive(Debug)]
struct Misshapen;

impl fmt::Display for Misshapen {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Misshapen {}

impl de::Error for Misshapen {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }

    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn de::Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
}

#[derive(Clone, Copy)]
struct Value<'a>(&'a JsValue);

impl Value<'_> {
    fn is_missing(self) -> bool {
        self.0.is_undefined() || self.0.is_null()
    }

    fn text(self) -> Result<String, Misshapen> {
        text(self.0).ok_or(Misshapen)
    }

    /// An integer from 0 that a number holds exactly.
    fn integer(self) -> Result<u64, Misshapen> {
        let number = self.0.as_f64().filter(|n| *n >= 0.0 && js_sys::Number::is_safe_integer(self.0));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A safe integer from 0.
        number.map(|n| n as u64).ok_or(Misshapen)
    }
}

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = Misshapen;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Misshapen> {
        Err(Misshapen)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misshapen> {
        visitor.visit_bool(self.0.as_bool().ok_or(Misshapen)?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misshapen> {
        visitor.visit_u64(self.integer()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misshapen> {
        visitor.visit_u64(self.integer()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misshapen> {
        visitor.visit_u64(self.integer()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misshapen> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misshapen> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misshapen> {
        if self.is_missing() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misshapen> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misshapen> {
        let array: &Array = self.0.dyn_ref().ok_or(Misshapen)?;
        visitor.visit_seq(Items { array, next: 0 })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Misshapen> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Misshapen> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misshapen> {
        if !self.0.is_object() {
            return Err(Misshapen);
        }
        visitor.visit_seq(Fields { object: self.0, names: fields.iter() })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misshapen> {
        if self.0.is_string() {
            return visitor.visit_enum(Variant { name: self.text()?, content: JsValue::UNDEFINED });
        }
        let object: &Object = self.0.dyn_ref().ok_or(Misshapen)?;
        let name = Object::keys(object).get(0).as_string().ok_or(Misshapen)?;
        let content = property(self.0, &name);
        visitor.visit_enum(Variant { name, content })
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 f32 f64 char bytes byte_buf unit unit_struct map identifier ignored_any
    }
}

/// The items of an array.
struct Items<'a> {
    array: &'a Array,
    next: u32,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Misshapen;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misshapen> {
        if self.next >= self.array.length() {
            return Ok(None);
        }
        let item = self.array.get(self.next);
        self.next += 1;
        seed.deserialize(Value(&item)).map(Some)
    }
}

/// The fields of an object, in the order of the type; one that is missing takes its default.
struct Fields<'a> {
    object: &'a JsValue,
    names: std::slice::Iter<'static, &'static str>,
}

impl<'de> SeqAccess<'de> for Fields<'_> {
    type Error = Misshapen;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Misshapen> {
        let Some(name) = self.names.next() else { return Ok(None) };
        let field = property(self.object, name);
        if Value(&field).is_missing() { Ok(None) } else { seed.deserialize(Value(&field)).map(Some) }
    }
}

/// A variant with what it holds.
struct Variant {
    name: String,
    content: JsValue,
}

impl<'de> de::EnumAccess<'de> for Variant {
    type Error = Misshapen;
    type Variant = Content;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Content), Misshapen> {
        let name: StrDeserializer<'_, Misshapen> = self.name.as_str().into_deserializer();
        Ok((seed.deserialize(name)?, Content(self.content)))
    }
}

struct Content(JsValue);

impl<'de> de::VariantAccess<'de> for Content {
    type Error = Misshapen;

    fn unit_variant(self) -> Result<(), Misshapen> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Misshapen> {
        seed.deserialize(Value(&self.0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Misshapen> {
        Err(Misshapen)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misshapen> {
        Value(&self.0).deserialize_struct("", fields, visitor)
    }
}
