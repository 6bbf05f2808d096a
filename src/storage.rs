//! The persistent outbox: unsent messages in IndexedDB, shared by all tabs of one user.
//!
//! IndexedDB is reached by the `idb` library. Commands are carried out in the order given, one transaction for those that
//! wait together; a transaction is strict, so that a message outlives a crash of the machine too.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use gloo::events::EventListener;
use js_sys::{Array, Function, Object, Promise, Reflect};
use pairvoice_core::{OutboxCommand, OutboxEvent, StoredMessage};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{BroadcastChannel, MessageEvent};

use crate::convert::ignore;
use crate::environment::{Limit, import};
use crate::from_js::from_js;
use crate::inbox::{Inbox, Report};
use crate::to_js::to_js;

/// The database, its one object store, and the index by whose messages they are.
const DATABASE: &str = "pairvoice";
const STORE: &str = "outbox";
const OWNER: &str = "owner";
/// Opening may hang, in a browser that is about to quit or has a broken profile. Milliseconds.
const OPEN_MS: u32 = 3_000;

#[wasm_bindgen]
extern "C" {
    /// The module `idb`, as far as it is used here.
    type Idb;
    #[wasm_bindgen(method, catch, js_name = openDB)]
    fn open(this: &Idb, name: &str, version: u32, callbacks: &JsValue) -> Result<Promise, JsValue>;

    #[derive(Clone)]
    type Database;
    #[wasm_bindgen(method, catch, js_name = createObjectStore)]
    fn create_store(this: &Database, name: &str, options: &JsValue) -> Result<Store, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn transaction(this: &Database, store: &str, mode: &str, options: &JsValue) -> Result<Transaction, JsValue>;
    #[wasm_bindgen(method)]
    fn close(this: &Database);

    type Transaction;
    #[wasm_bindgen(method, getter)]
    fn store(this: &Transaction) -> Store;
    #[wasm_bindgen(method, getter)]
    fn done(this: &Transaction) -> Promise;

    type Store;
    #[wasm_bindgen(method, catch, js_name = createIndex)]
    fn create_index(this: &Store, name: &str, key_path: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(this: &Store, value: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn delete(this: &Store, key: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method)]
    fn index(this: &Store, name: &str) -> Index;

    type Index;
    #[wasm_bindgen(method, catch, js_name = getAll)]
    fn get_all(this: &Index, key: &JsValue) -> Result<Promise, JsValue>;
}

/// The open database, and what it calls.
struct Open {
    database: Database,
    _callbacks: [Closure<dyn Fn(JsValue)>; 2],
}

impl Drop for Open {
    fn drop(&mut self) {
        self.database.close();
    }
}

/// The outbox of one server, session and user.
pub(crate) struct Storage {
    owner: [String; 3],
    loader: Function,
    inbox: Inbox,
    waiting: RefCell<VecDeque<OutboxCommand>>,
    working: Cell<bool>,
    database: RefCell<Option<Open>>,
    tabs: RefCell<Option<(BroadcastChannel, Option<EventListener>)>>,
}

impl Storage {
    /// `loader` imports `idb`.
    pub(crate) fn new(owner: [String; 3], loader: Function, inbox: Inbox) -> Rc<Self> {
        let this = Rc::new(Self {
            owner,
            loader,
            inbox,
            waiting: RefCell::default(),
            working: Cell::default(),
            database: RefCell::default(),
            tabs: RefCell::default(),
        });
        // Browsers without it don't hear of other tabs before their next welcome.
        if let Ok(channel) = BroadcastChannel::new(DATABASE) {
            let (inbox, owner) = (this.inbox.clone(), this.name());
            let listener = EventListener::new(&channel, "message", move |event| {
                let event: &MessageEvent = event.unchecked_ref();
                if event.data().as_string().as_deref() == Some(&owner) {
                    inbox.outbox(OutboxEvent::Changed);
                }
            });
            *this.tabs.borrow_mut() = Some((channel, Some(listener)));
        }
        this
    }

    /// Does this after everything before it.
    pub(crate) fn submit(self: &Rc<Self>, command: OutboxCommand) {
        self.waiting.borrow_mut().push_back(command);
        if !self.working.replace(true) {
            let this = Rc::clone(self);
            spawn_local(async move { this.work().await });
        }
    }

    /// Nothing is waiting to be done.
    pub(crate) fn is_idle(&self) -> bool {
        !self.working.get()
    }

    /// Hears of other tabs no more; what waits is still done.
    pub(crate) fn stop_receiving(&self) {
        if let Some((_, listener)) = self.tabs.borrow_mut().as_mut() {
            listener.take();
        }
    }

    async fn work(self: &Rc<Self>) {
        loop {
            let commands = std::mem::take(&mut *self.waiting.borrow_mut());
            if commands.is_empty() {
                break;
            }
            let outcome = match self.carry_out(&commands).await {
                // The browser may have closed the database meanwhile: once more with a new connection.
                Err(_) => {
                    let closed = self.database.borrow_mut().take();
                    drop(closed);
                    self.carry_out(&commands).await
                }
                outcome => outcome,
            };
            match outcome {
                Ok(Some(messages)) => self.inbox.outbox(OutboxEvent::Loaded(messages)),
                Ok(None) => {}
                Err(_) => self.inbox.outbox(OutboxEvent::Missing),
            }
        }
        self.working.set(false);
        self.inbox.report(Report::OutboxIdle);
    }

    /// Writes, then reads, then tells the other tabs.
    async fn carry_out(
        self: &Rc<Self>,
        commands: &VecDeque<OutboxCommand>,
    ) -> Result<Option<Vec<StoredMessage>>, JsValue> {
        let database = self.database().await?;
        let options = object([("durability", "strict".into())]);
        let mut writing: Option<Transaction> = None;
        for command in commands {
            let store = match command {
                OutboxCommand::Put(_) | OutboxCommand::Remove(_) => match &writing {
                    Some(transaction) => transaction.store(),
                    None => writing.insert(database.transaction(STORE, "readwrite", &options)?).store(),
                },
                OutboxCommand::Load | OutboxCommand::Announce => continue,
            };
            // The promises of single requests are covered by `done`, and must not be left unhandled.
            let request = match command {
                OutboxCommand::Put(message) => store.put(&self.record(message))?,
                OutboxCommand::Remove(id) => store.delete(id.as_str())?,
                _ => continue,
            };
            ignore(request);
        }
        if let Some(transaction) = writing {
            JsFuture::from(transaction.done()).await?;
        }
        if commands.contains(&OutboxCommand::Announce)
            && let Some((channel, _)) = self.tabs.borrow().as_ref()
        {
            let _ = channel.post_message(&self.name().into());
        }
        if !commands.contains(&OutboxCommand::Load) {
            return Ok(None);
        }
        let reading = database.transaction(STORE, "readonly", &JsValue::UNDEFINED)?;
        let owner: Array = self.owner.iter().map(JsValue::from).collect();
        let records: Array = JsFuture::from(reading.store().index(OWNER).get_all(&owner)?).await?.dyn_into()?;
        Ok(Some(records.iter().filter_map(|record| from_js(&record)).collect()))
    }

    async fn database(self: &Rc<Self>) -> Result<Database, JsValue> {
        if let Some(open) = self.database.borrow().as_ref() {
            return Ok(open.database.clone());
        }
        let idb: Idb = JsFuture::from(import(&self.loader)?).await?.unchecked_into();
        let upgrade = Closure::<dyn Fn(JsValue)>::new(|database: JsValue| {
            let database: Database = database.unchecked_into();
            // Can only fail in a database that is not new.
            if let Ok(store) = database.create_store(STORE, &object([("keyPath", "id".into())])) {
                let _ = store.create_index(OWNER, OWNER);
            }
        });
        // A newer page of this app wants another schema: this one lets go at once, and opens again when it must.
        let this = Rc::downgrade(self);
        let blocking = Closure::<dyn Fn(JsValue)>::new(move |_| {
            if let Some(this) = this.upgrade() {
                let open = this.database.borrow_mut().take();
                drop(open);
            }
        });
        let callbacks = object([
            ("upgrade", upgrade.as_ref().clone()),
            ("blocking", blocking.as_ref().clone()),
            ("terminated", blocking.as_ref().clone()),
        ]);
        let opening = idb.open(DATABASE, 1, &callbacks)?;
        let callbacks = [upgrade, blocking];
        let database: Database = match Limit::new(OPEN_MS, &opening).get().await {
            Ok(database) => database.unchecked_into(),
            Err(error) => {
                // It may open yet, and calls them until then; nobody waits for it any more.
                spawn_local(async move {
                    if let Ok(late) = JsFuture::from(opening).await {
                        drop(Open { database: late.unchecked_into(), _callbacks: callbacks });
                    }
                });
                return Err(error);
            }
        };
        let open = Open { database: database.clone(), _callbacks: callbacks };
        *self.database.borrow_mut() = Some(open);
        Ok(database)
    }

    /// Whose outbox it is, as tabs tell each other.
    fn name(&self) -> String {
        let [server, session, user] = &self.owner;
        [server, "\n", session, "\n", user].concat()
    }

    fn record(&self, message: &StoredMessage) -> JsValue {
        let record = to_js(message);
        let owner: Array = self.owner.iter().map(JsValue::from).collect();
        // Setting a property of a new object can't fail.
        let _ = Reflect::set(&record, &OWNER.into(), &owner);
        record
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        if let Some((channel, listener)) = self.tabs.borrow_mut().take() {
            drop(listener);
            channel.close();
        }
    }
}

fn object<const N: usize>(entries: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in entries {
        let _ = Reflect::set(&object, &name.into(), &value);
    }
    object.into()
}
