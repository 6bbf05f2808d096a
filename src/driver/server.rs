//! The ways to the server: the socket, and the knock before it is open.

use std::rc::Rc;

use pairvoice_core::wire::Handshake;
use pairvoice_core::{AppFault, Input, KnockAnswer, OpId, SocketEvent, TokenSource};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::Driver;
use crate::convert::describe;
use crate::crash;
use crate::environment::{ask_for_token, import};
use crate::from_js::from_js;
use crate::options::Token;
use crate::signaling::Signaling;

impl Driver {
    /// Gets module and token, both on their way at once, and connects. A socket that is open is for another token.
    pub(super) fn connect(&self, id: OpId, source: TokenSource) {
        self.connecting.set(Some(id));
        let module = import(&self.loader);
        let token = match source {
            TokenSource::App => ask_for_token(&self.options.borrow().token),
            TokenSource::LastUsed => ask_for_token(&Token::Text(self.token.borrow().clone())),
        };
        let this = self.this.clone();
        spawn_local(async move {
            let wanted = |d: &Rc<Self>| d.connecting.get() == Some(id) && !crash::is_over();
            let token = async { token?.get().await }.await;
            if let Some((driver, token)) = this.upgrade().filter(wanted).zip(token.as_ref().ok()) {
                driver.token_at_hand(id, token);
            }
            let module = async { JsFuture::from(module?).await }.await;
            let Some(driver) = this.upgrade().filter(wanted) else { return };
            driver.connecting.set(None);
            driver.open(id, module, token);
        });
    }

    /// What is urgent need not wait for the module and the transport.
    fn token_at_hand(&self, id: OpId, token: &str) {
        if self.socket.borrow().as_ref().is_none_or(|socket| socket.id != id) {
            token.clone_into(&mut self.token.borrow_mut());
            self.inbox.socket(id, SocketEvent::TokenAtHand);
        }
    }

    pub(super) fn knock(&self, id: OpId, handshake: Handshake, fresh: bool) {
        let handshake = Handshake { token: self.token.borrow().clone(), ..handshake };
        let (inbox, answer) = (self.inbox.clone(), self.door.knock(&handshake, fresh));
        spawn_local(async move {
            let answer = match JsFuture::from(answer).await {
                Ok(answer) => from_js(&answer)
                    .map(|knocked| KnockAnswer::Let(Box::new(knocked)))
                    .or_else(|| from_js(&answer).map(KnockAnswer::Refused))
                    .unwrap_or(KnockAnswer::Unknown),
                Err(_) => KnockAnswer::Lost,
            };
            inbox.input(Input::Knocked { id, answer });
        });
    }

    /// A socket that is through; one that waits for module and token is not begun.
    pub(super) fn take_socket(&self, id: OpId) -> Option<Signaling> {
        self.connecting.set(self.connecting.get().filter(|connecting| *connecting != id));
        self.socket.borrow_mut().take_if(|socket| socket.id == id)
    }

    pub(super) fn part(&self, id: OpId) {
        if let Some(socket) = self.take_socket(id) {
            socket.part(&self.door);
        }
    }

    pub(super) fn ask_server(&self, id: OpId) {
        let (inbox, answer) = (self.inbox.clone(), self.door.ask());
        spawn_local(async move {
            let answer = JsFuture::from(answer).await.unwrap_or_default();
            inbox.input(Input::ServerAnswered { id, answer: from_js(&answer) });
        });
    }

    fn open(&self, id: OpId, module: Result<JsValue, JsValue>, token: Result<String, JsValue>) {
        let failed = |fault| {
            move |error: JsValue| self.inbox.socket(id, SocketEvent::AppFailed { fault, cause: describe(&error) })
        };
        let module = match module {
            Ok(module) => module,
            Err(error) => return failed(AppFault::Module)(error),
        };
        let token = match token {
            Ok(token) => token,
            Err(error) => return failed(AppFault::Token)(error),
        };
        self.token.borrow_mut().clone_from(&token);
        if self.socket.borrow().as_ref().is_some_and(|socket| socket.id == id) {
            return self.inbox.socket(id, SocketEvent::Token(token));
        }
        let socket = Signaling::connect(id, &module, &self.options.borrow().server, token, &self.inbox);
        match socket {
            Ok(socket) => {
                let before = self.socket.borrow_mut().replace(socket);
                drop(before);
            }
            Err(error) => failed(AppFault::Module)(error),
        }
    }
}
