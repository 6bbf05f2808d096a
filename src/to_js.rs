//! JavaScript values from Rust ones: the twin of `from_js`, for what the wire and the app's state consist of.
//!
//! serde-wasm-bindgen keeps a hash map of property names and formats errors, which this module never needs.

use std::fmt;

use js_sys::{Array, Object, Reflect};
use serde::ser::{self, Impossible, Serialize, SerializeSeq, SerializeStruct, SerializeStructVariant, Serializer};
use wasm_bindgen::JsValue;

use crate::convert::freeze;

/// A plain JavaScript value; what is absent is left out.
pub(crate) fn to_js<T: Serialize + ?Sized>(value: &T) -> JsValue {
    value.serialize(ToJs { absent: JsValue::UNDEFINED }).unwrap_or_default()
}

/// A frozen JavaScript value for the app; what is absent is `null`.
pub(crate) fn to_frozen<T: Serialize + ?Sized>(value: &T) -> JsValue {
    let value = value.serialize(ToJs { absent: JsValue::NULL }).unwrap_or_default();
    freeze(&value);
    value
}

/// Something that neither the wire nor the state consists of.
#[derive(Debug)]
struct Unsupported;

impl fmt::Display for Unsupported {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Unsupported {}

impl ser::Error for Unsupported {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

#[derive(Clone)]
struct ToJs {
    absent: JsValue,
}

type Outcome = Result<JsValue, Unsupported>;
type Never = Impossible<JsValue, Unsupported>;

/// An object being filled, and the variant that it is the content of.
struct Fields {
    object: Object,
    variant: Option<&'static str>,
    absent: JsValue,
}

/// An array being filled.
struct Items {
    array: Array,
    absent: JsValue,
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // Setting a property of a fresh object can't fail.
    let _ = Reflect::set(object, &JsValue::from_str(name), value);
}

fn variant(name: &str, content: &JsValue) -> JsValue {
    let object = Object::new();
    set(&object, name, content);
    object.into()
}

impl Fields {
    fn field<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), Unsupported> {
        let value = value.serialize(ToJs { absent: self.absent.clone() })?;
        if !value.is_undefined() {
            set(&self.object, name, &value);
        }
        Ok(())
    }
}

impl SerializeStruct for Fields {
    type Ok = JsValue;
    type Error = Unsupported;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Unsupported> {
        self.field(key, value)
    }

    fn end(self) -> Outcome {
        Ok(self.object.into())
    }
}

impl SerializeStructVariant for Fields {
    type Ok = JsValue;
    type Error = Unsupported;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Unsupported> {
        self.field(key, value)
    }

    fn end(self) -> Outcome {
        Ok(variant(self.variant.unwrap_or_default(), &self.object))
    }
}

impl SerializeSeq for Items {
    type Ok = JsValue;
    type Error = Unsupported;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsupported> {
        self.array.push(&value.serialize(ToJs { absent: self.absent.clone() })?);
        Ok(())
    }

    fn end(self) -> Outcome {
        Ok(self.array.into())
    }
}

macro_rules! numbers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Outcome {
            Ok(f64::from(value).into())
        })*
    };
}

impl Serializer for ToJs {
    type Ok = JsValue;
    type Error = Unsupported;
    type SerializeSeq = Items;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    numbers! { serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_u8: u8, serialize_u16: u16,
    serialize_u32: u32, serialize_f32: f32, serialize_f64: f64 }

    fn serialize_bool(self, value: bool) -> Outcome {
        Ok(value.into())
    }

    #[allow(clippy::cast_precision_loss)] // Times and sequence numbers are safe integers.
    fn serialize_i64(self, value: i64) -> Outcome {
        Ok((value as f64).into())
    }

    #[allow(clippy::cast_precision_loss)] // As above.
    fn serialize_u64(self, value: u64) -> Outcome {
        Ok((value as f64).into())
    }

    fn serialize_char(self, value: char) -> Outcome {
        Ok(JsValue::from_str(value.encode_utf8(&mut [0; 4])))
    }

    fn serialize_str(self, value: &str) -> Outcome {
        Ok(JsValue::from_str(value))
    }

    fn serialize_bytes(self, _: &[u8]) -> Outcome {
        Err(Unsupported)
    }

    fn serialize_none(self) -> Outcome {
        Ok(self.absent)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Outcome {
        Ok(self.absent)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Outcome {
        Ok(self.absent)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Outcome {
        Ok(JsValue::from_str(name))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Outcome {
        Ok(variant(name, &value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Unsupported> {
        Ok(Items { array: Array::new(), absent: self.absent })
    }

    fn serialize_tuple(self, _: usize) -> Result<Never, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Never, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Never, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Never, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, Unsupported> {
        Ok(Fields { object: Object::new(), variant: None, absent: self.absent })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Fields, Unsupported> {
        Ok(Fields { object: Object::new(), variant: Some(name), absent: self.absent })
    }
}
