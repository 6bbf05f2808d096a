//! The addresses of this host's interfaces, as the system has them now: the host candidates of a connection that is never
//! used (W3C WebRTC; JSEP, RFC 9429 section 3.5.1).

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use pairvoice_core::{Input, OpId};
use wasm_bindgen::JsCast;
use web_sys::{Event, RtcConfiguration, RtcPeerConnection, RtcPeerConnectionIceEvent};

use crate::context::{Contexts, OwnContext};
use crate::convert::{ignore, property};
use crate::inbox::Inbox;
use crate::peer_connection::ImplicitDescription;

/// The first address comes within some milliseconds, and the others right behind it.
const FOLLOW_MS: u32 = 25;
/// A host whose links are all down has none, in milliseconds.
const NONE_MS: u32 = 400;

/// A question that is being answered; dropping it withdraws it.
pub(crate) struct Look {
    found: RefCell<Vec<String>>,
    id: OpId,
    inbox: Inbox,
    timer: RefCell<Option<Timeout>>,
    // Before the connection: detached before it is closed.
    listener: RefCell<Option<EventListener>>,
    connection: RtcPeerConnection,
    context: RefCell<Option<OwnContext>>,
}

impl Look {
    /// Asks question `id`; all addresses are reported at once. Nothing comes where the browser lets no one ask.
    pub(crate) fn new(id: OpId, contexts: &Contexts, inbox: Inbox) -> Option<Rc<Self>> {
        let context = contexts.untouched()?;
        let connection = context.connection(&RtcConfiguration::new()).ok()?;
        let look = Rc::new(Self {
            found: RefCell::default(),
            id,
            inbox,
            timer: RefCell::default(),
            listener: RefCell::default(),
            connection,
            context: RefCell::new(Some(context)),
        });
        look.answer_after(NONE_MS);
        let this = Rc::downgrade(&look);
        let listener = EventListener::new(&look.connection, "icecandidate", move |event| {
            if let Some(look) = Weak::upgrade(&this) {
                look.on_candidate(event);
            }
        });
        *look.listener.borrow_mut() = Some(listener);
        look.gather();
        Some(look)
    }

    /// Where it looked: given away once, when it has its answer.
    pub(crate) fn context(&self) -> Option<OwnContext> {
        self.context.borrow_mut().take()
    }

    /// Without a media section there is nothing to gather for.
    fn gather(&self) {
        let connection: &ImplicitDescription = self.connection.unchecked_ref();
        self.connection.create_data_channel("addresses");
        if let Ok(setting) = connection.set_local_description_implicitly() {
            ignore(setting);
        }
    }

    fn on_candidate(self: &Rc<Self>, event: &Event) {
        let event: &RtcPeerConnectionIceEvent = event.unchecked_ref();
        let Some(address) = event.candidate().and_then(|c| property(&c, "address").as_string()) else { return };
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
                look.inbox.input(Input::Addresses { id: look.id, addresses: look.found.take() });
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
