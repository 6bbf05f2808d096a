// The chat log in one SQLite file, the same that the native server writes: by the package better-sqlite3, or by Node's own node:sqlite.
import { closeSync, openSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

const VERSION = 3;
const SCHEMA = `
create table if not exists log (id text not null);
insert into log select lower(hex(randomblob(16))) where not exists (select 1 from log);
create table if not exists message (
    session text not null, seq integer not null, id text not null, sender text not null,
    body text not null, at integer not null,
    primary key (session, seq)) without rowid;
create index if not exists message_id on message (session, id);
create table if not exists receipt (
    session text not null, user text not null, delivered integer not null, read integer not null,
    primary key (session, user)) without rowid;
create table if not exists pruned (session text not null primary key, upto integer not null) without rowid;
create table if not exists pin (session text not null primary key, one text not null, other text not null) without rowid;
create table if not exists usage (
    session text not null, user text not null, bytes integer not null,
    primary key (session, user)) without rowid;
create trigger if not exists message_written after insert on message begin
    insert into usage (session, user, bytes) values (new.session, new.sender, octet_length(new.body))
        on conflict (session, user) do update set bytes = bytes + excluded.bytes;
end;
create trigger if not exists message_removed after delete on message begin
    update usage set bytes = bytes - octet_length(old.body) where session = old.session and user = old.sender;
    delete from usage where session = old.session and user = old.sender and bytes <= 0;
end;
create table if not exists revoked (
    session text not null, user text not null, at integer not null,
    primary key (session, user)) without rowid;
pragma user_version = ${VERSION};`;

const QUERIES = {
  log: "select id from log",
  last: `select max(coalesce((select max(seq) from message where session = ?), 0),
                coalesce((select upto from pruned where session = ?), 0)) as last`,
  receipts: "select user, delivered, read from receipt where session = ?",
  pin: "select one, other from pin where session = ?",
  revoked: "select user, at from revoked where session = ?",
  usage: "select user, bytes from usage where session = ?",
  read: `select id, sender, seq, at, body as text from message
         where session = ? and seq > ? and seq < ? order by seq desc limit ?`,
  // Left to itself, SQLite walks through the session by its primary key.
  find: `select id, sender, seq, at, body as text from message indexed by message_id where session = ? and id = ?`,
  append: "insert into message (session, seq, id, sender, body, at) values (?, ?, ?, ?, ?, ?)",
  raise: `insert into receipt (session, user, delivered, read) values (?, ?, ?, ?)
          on conflict (session, user) do update set delivered = excluded.delivered, read = excluded.read`,
  setPin: "insert into pin (session, one, other) values (?, ?, ?) on conflict do nothing",
  revoke: `insert into revoked (session, user, at) values (?, ?, ?)
           on conflict (session, user) do update set at = max(at, excluded.at)`,
};

/** SQLite, by what is there. Both ways have the same functions: exec, prepare (get, all, run), close. */
function open(path) {
  try {
    return new (require("better-sqlite3"))(path, { timeout: 1_000 });
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
  }
  let sqlite;
  try {
    sqlite = require("node:sqlite");
  } catch {
    throw new Error("the chat log needs SQLite: npm install better-sqlite3, or Node.js 22.13 or later");
  }
  const database = new sqlite.DatabaseSync(path);
  database.exec("pragma busy_timeout = 1000");
  return database;
}

/** SQLite's result code, as both packages tell it. */
const isFull = (error) => error.code === "SQLITE_FULL" || error.errcode === 13;
const isLocked = (error) => /^SQLITE_(BUSY|LOCKED)/.test(error.code) || [5, 6].includes(error.errcode & 0xff);

function prepare(path) {
  // A file that is made here is for its owner only; SQLite gives its other files the same mode.
  closeSync(openSync(path, "a", 0o600));
  const database = open(path);
  try {
    // One server at a time: the lock is held until the file is closed or the process ends, however it ends.
    database.exec("pragma locking_mode = exclusive; pragma journal_mode = wal; pragma synchronous = full; begin exclusive");
    const { user_version: version } = database.prepare("pragma user_version").get();
    if (version !== 0 && version !== VERSION) throw new Error(`it is of version ${version}, which this server does not know`);
    database.exec(`${SCHEMA} commit`);
  } catch (error) {
    database.close();
    throw isLocked(error) ? new Error("it is in use by another server") : error;
  }
  return database;
}

/** The contract is index.d.ts. */
export function sqliteStore(path) {
  if (typeof path !== "string" || path === "") throw new TypeError("sqliteStore takes the path of a file");
  let database;
  try {
    database = prepare(path);
  } catch (error) {
    throw new Error(`the chat log ${path} can't be opened: ${error.message}`, { cause: error });
  }
  const sql = Object.fromEntries(Object.entries(QUERIES).map(([name, text]) => [name, database.prepare(text)]));
  const log = sql.log.get().id;
  let waiting = [];

  /** Everything that waits becomes durable at once, or nothing of it. */
  function commit() {
    const jobs = waiting;
    waiting = [];
    try {
      database.exec("begin immediate");
      for (const { session, change } of jobs) perform(session, change);
      database.exec("commit");
    } catch (error) {
      try {
        database.exec("rollback");
      } catch {
        // SQLite has rolled back by itself.
      }
      const told = isFull(error) ? Object.assign(new Error("the chat log is full", { cause: error }), { code: "storage-full" }) : error;
      for (const { reject } of jobs) reject(told);
      return;
    }
    for (const { resolve } of jobs) resolve();
  }

  function perform(session, { messages = [], receipt, participants, revoked }) {
    for (const { seq, id, sender, text, at } of messages) sql.append.run(session, seq, id, sender, text, at);
    if (receipt) sql.raise.run(session, receipt.user, receipt.delivered, receipt.read);
    if (participants) sql.setPin.run(session, ...participants);
    if (revoked) sql.revoke.run(session, revoked.user, revoked.at);
  }

  return {
    async load(session) {
      const pin = sql.pin.get(session);
      return {
        log,
        last: sql.last.get(session, session).last,
        receipts: sql.receipts.all(session).map(({ user, delivered, read }) => ({ user, delivered, read })),
        participants: pin && [pin.one, pin.other],
        revoked: Object.fromEntries(sql.revoked.all(session).map(({ user, at }) => [user, at])),
        bytes: Object.fromEntries(sql.usage.all(session).map(({ user, bytes }) => [user, bytes])),
      };
    },
    async read(session, { after, before, limit }) {
      return sql.read.all(session, after, before, limit).map((row) => ({ ...row })).reverse();
    },
    async find(session, ids) {
      // As objects of any app: those of node:sqlite have no prototype.
      return ids.map((id) => sql.find.get(session, id)).filter(Boolean).map((row) => ({ ...row }));
    },
    write(session, change) {
      return new Promise((resolve, reject) => {
        // What else is asked for in this turn of the event loop shares the transaction.
        if (waiting.push({ session, change, resolve, reject }) === 1) setImmediate(commit);
      });
    },
    close() {
      if (waiting.length > 0) commit();
      database.close();
    },
  };
}
