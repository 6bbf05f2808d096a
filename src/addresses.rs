//! The addresses of this host's interfaces, as the system has them now: the host candidates of a connection that is never
//! used (W3C WebRTC; JSEP, RFC 9429 section 3.5.1).

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{RtcConfiguration, RtcPeerConnection};

use crate::context::FreshContext;
use crate::convert::property;
use crate::listeners::Listener;
use crate::peer_connection::ImplicitDescription;

/// The first address comes within some milliseconds, and the others right behind it.
const FOLLOW_MS: u32 = 25;
/// A host whose links are all down has none, in milliseconds.
const NONE_MS: u32 = 400;

/// A question that is being answered; dropping it withdraws it.
pub(crate) struct Look {
    found: RefCell<Vec<String>>,
    answered: Box<dyn Fn(Vec<String>)>,
    timer: RefCell<Option<Timeout>>,
    // Before the connection: detached before it is closed.
    listener: RefCell<Option<Listener>>,
    connection: RtcPeerConnection,
    _context: FreshContext,
}

impl Look {
    /// Asks; `answered` gets all that there are. Nothing comes where the browser lets no one ask.
    pub(crate) fn new(answered: impl Fn(Vec<String>) + 'static) -> Option<Rc<Self>> {
        let context = FreshContext::new()?;
        let connection = context.connection(&RtcConfiguration::new()).ok()?;
        let look = Rc::new(Self {
            found: RefCell::default(),
            answered: Box::new(answered),
            timer: RefCell::default(),
            listener: RefCell::default(),
            connection,
            _context: context,
        });
        look.answer_after(NONE_MS);
        let this = Rc::downgrade(&look);
        let listener = Listener::new(&look.connection, "icecandidate", move |event| {
            if let Some(look) = Weak::upgrade(&this) {
                look.on_candidate(&event);
            }
        });
        *look.listener.borrow_mut() = Some(listener);
        look.gather();
        Some(look)
    }

    /// Without a media section there is nothing to gather for.
    fn gather(&self) {
        let connection: &ImplicitDescription = self.connection.unchecked_ref();
        self.connection.create_data_channel("addresses");
        if let Ok(setting) = connection.set_local_description_implicitly() {
            spawn_local(async move {
                let _ = JsFuture::from(setting).await;
            });
        }
    }

    fn on_candidate(self: &Rc<Self>, event: &JsValue) {
        let Some(address) = property(&property(event, "candidate"), "address").as_string() else { return };
        let mut found = self.found.borrow_mut();
        if found.is_empty() {
            self.answer_after(FOLLOW_MS);
        }
        if !found.contains(&address) {
            found.push(address);
        }
    }

    fn answer_after(self: &Rc<Self>, ms: u32) {
        let this = Rc::downgrade(self);
        let timer = Timeout::new(ms, move || {
            if let Some(look) = Weak::upgrade(&this) {
                (look.answered)(look.found.take());
            }
        });
        *self.timer.borrow_mut() = Some(timer);
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.listener.borrow_mut().take();
        self.connection.close();
    }
}
