//! A panic, which must not happen, ends WebAssembly without a word. This says one, and lets go of what people would notice.

use std::cell::{Cell, RefCell};
use std::panic::PanicHookInfo;

use js_sys::Function;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use crate::console;
use crate::convert::{describe, property};

#[wasm_bindgen]
extern "C" {
    /// A track, a peer connection or a socket: whichever of the three methods it has lets go of it.
    #[derive(Clone, PartialEq)]
    pub(crate) type Held;
}

thread_local! {
    /// What `npm/index.js` wants to be told by.
    static TELL: RefCell<Option<Function>> = const { RefCell::new(None) };
    /// Nothing of this module is to do anything any more.
    static OVER: Cell<bool> = const { Cell::new(false) };
    /// Live tracks, open connections and sockets.
    static HELD: RefCell<Vec<Held>> = const { RefCell::new(Vec::new()) };
}

/// Whether this module crashed: what still reports is not listened to.
pub(crate) fn is_over() -> bool {
    OVER.get()
}

/// Something that must be let go of when this module crashes; dropping the guard takes it off the list.
pub(crate) struct Hold(Held);

impl Hold {
    pub(crate) fn new(object: &impl JsCast) -> Self {
        let held: Held = JsCast::unchecked_ref::<Held>(object.as_ref()).clone();
        HELD.with_borrow_mut(|list| list.push(held.clone()));
        Self(held)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        HELD.with_borrow_mut(|list| list.retain(|held| *held != self.0));
    }
}

/// Installs the hook; `tell` is called once, after everything was let go.
#[wasm_bindgen(js_name = onCrash, skip_typescript)]
pub fn on_crash(tell: Function) {
    TELL.set(Some(tell));
    std::panic::set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let place = info.location();
        crashed(place.map_or("", |place| place.file()), place.map_or(0, std::panic::Location::line));
    }));
}

/// Writes one line, lets go of microphone, connections and sockets, and tells the JavaScript side, which ends the sessions.
pub(crate) fn crashed(file: &str, line: u32) {
    if is_over() {
        return;
    }
    console::write("error", &["pairvoice: internal error ", file, ":", &describe(&line.into())].concat());
    let_go();
    if let Some(tell) = TELL.take() {
        let _ = tell.call0(&JsValue::UNDEFINED);
    }
}

/// Lets go of what people would notice, where nothing else of this module can be relied on.
#[wasm_bindgen(js_name = letGo, skip_typescript)]
pub fn let_go() {
    OVER.set(true);
    let held = HELD.take();
    for object in &held {
        for method in ["stop", "close", "disconnect"] {
            if let Ok(method) = property(object, method).dyn_into::<Function>() {
                let _ = method.call0(object);
            }
        }
    }
}
