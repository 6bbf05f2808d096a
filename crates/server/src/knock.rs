//! `POST /pairvoice/knock`: a handshake by HTTP, on a connection that the page has already. The room decides what it is answered.

use std::net::IpAddr;
use std::sync::{Arc, Weak};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use pairvoice_room::{Grant, Input, Knock, KnockId, StoreError, StoreRequest};
use pairvoice_wire::{
    Code, Handshake, IceServers, Knocked, MAX_KNOCK_WAIT_MS, MAX_MESSAGE_BYTES, Refusal, SessionId, VERSION,
};
use tokio::sync::oneshot;

use crate::lines::Refused;
use crate::metrics::{ConnectionRefusal, KnockOutcome};
use crate::net::{Addresses, Link};
use crate::sessions::Sessions;
use crate::socket_io::{BODY_TIME, Endpoint, host, rate_limited};

/// What a knock is answered.
type Answered = Result<Box<Knocked>, Refusal>;

/// Where a room's answer to a knock goes.
pub(crate) type AnswerKnock = oneshot::Sender<Answered>;

/// Answers knocks.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    endpoint: Arc<Endpoint>,
    addresses: Arc<Addresses>,
}

/// Why a knock is not answered as it wishes.
enum Failure {
    /// It is told.
    Refused(Refusal),
    /// Its body did not come in time.
    Late,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Service {
    pub(crate) fn new(endpoint: Arc<Endpoint>, addresses: Arc<Addresses>) -> Self {
        Self { endpoint, addresses }
    }

    async fn answer(&self, client: IpAddr, request: Request) -> Result<Box<Knocked>, Failure> {
        self.endpoint.is_here_to_stay()?;
        let _slot = self.addresses.knock(client).map_err(rate_limited)?;
        let wait_ms = wait_of(request.uri().query().unwrap_or_default())?;
        has_type(request.headers())?;
        let host = host(&request);
        let body = tokio::time::timeout(BODY_TIME, body_of(request)).await.map_err(|_| Failure::Late)??;
        // The body took its time.
        self.endpoint.is_here_to_stay()?;
        let (handshake, grant) = self.endpoint.verify(&body)?;
        drop(body);
        let sessions = &self.endpoint.sessions;
        let ice = sessions.ice_servers(&handshake.session_id, &handshake.user_id, host.as_deref());
        let (id, metrics) = (KnockId(sessions.number()), self.endpoint.metrics());
        if handshake.check {
            let answer = check(sessions, id, &handshake, &grant, ice).await?;
            metrics.knocked(KnockOutcome::Check);
            return Ok(answer);
        }
        let answer = Waiting::knock(sessions, Knock { id, handshake, grant, ice, wait_ms }).answer().await?;
        metrics.knocked(if answer.signals.is_empty() { KnockOutcome::Empty } else { KnockOutcome::Signals });
        Ok(answer)
    }

    fn refuse(&self, client: IpAddr, refusal: Refusal) -> Response {
        let of = Refused { client, connection: None, seated: None };
        self.endpoint.sessions.watch.refused("a knock", of, &refusal);
        self.endpoint.metrics().knocked(KnockOutcome::Refused);
        let status = status(&refusal.code);
        let after_s = refusal.after_ms.map(|after| after.div_ceil(1_000).max(1));
        let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Json(refusal)).into_response();
        if let Some(after) = after_s {
            response.headers_mut().insert(header::RETRY_AFTER, after.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Whether a page whose socket could not be opened asks why: an answer means that it is not for its origin.
pub(crate) fn asks_why(request: &Request) -> bool {
    request.uri().query() == Some("why")
}

/// A request to `/pairvoice/knock`.
pub(crate) async fn serve(State(service): State<Service>, request: Request) -> Response {
    if asks_why(&request) {
        return (StatusCode::NO_CONTENT, [(header::CACHE_CONTROL, "no-store")]).into_response();
    }
    let link = request.extensions().get::<Weak<Link>>().and_then(Weak::upgrade);
    // A connection that is gone is told nothing.
    let Some(peer) = link.map(|link| link.peer()) else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let client = service.addresses.client(peer, request.headers());
    match service.answer(client, request).await {
        Ok(knocked) => ([(header::CACHE_CONTROL, "no-store")], Json(knocked)).into_response(),
        Err(Failure::Refused(refusal)) => service.refuse(client, refusal),
        Err(Failure::Late) => {
            service.endpoint.metrics().connection_refused(ConnectionRefusal::BodyTimeout);
            (StatusCode::REQUEST_TIMEOUT, [(header::CONNECTION, "close")]).into_response()
        }
    }
}

fn status(code: &Code) -> StatusCode {
    match code {
        Code::BadRequest | Code::VersionMismatch => StatusCode::BAD_REQUEST,
        Code::Unauthorized => StatusCode::UNAUTHORIZED,
        Code::OpenedElsewhere | Code::SessionFull => StatusCode::CONFLICT,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Code::Busy | Code::Restarting => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    }
}

/// How long the client would wait for a signal, in milliseconds.
fn wait_of(query: &str) -> Result<u32, Refusal> {
    let Some(wait) = query.split('&').find_map(|pair| pair.strip_prefix("wait=")) else { return Ok(0) };
    let wait: Result<u32, _> = wait.parse();
    let misshapen = |_| Refusal::new(Code::BadRequest, "wait is a number of milliseconds");
    wait.map(|wait| wait.min(MAX_KNOCK_WAIT_MS)).map_err(misshapen)
}

/// `text/plain` is what a page may send to another origin without asking first (Fetch, "CORS-safelisted request-header").
fn has_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if ["text/plain", "application/json"].iter().any(|known| essence.eq_ignore_ascii_case(known)) {
        Ok(())
    } else {
        Err(Refusal::new(Code::BadRequest, "a knock is text/plain or application/json"))
    }
}

async fn body_of(request: Request) -> Result<String, Refusal> {
    let too_large = || Refusal::new(Code::TooLarge, "a knock has at most 128 KiB");
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if length.is_some_and(|length| length.parse::<usize>().map_or(true, |length| length > MAX_MESSAGE_BYTES)) {
        return Err(too_large());
    }
    let misshapen = || Refusal::new(Code::BadRequest, "the knock is not a text");
    let body = Limited::new(request.into_body(), MAX_MESSAGE_BYTES).collect().await;
    let body = body.map_err(|error| if error.is::<LengthLimitError>() { too_large() } else { misshapen() })?;
    String::from_utf8(body.to_bytes().into()).map_err(|_| misshapen())
}

/// Answers a knock that asks for no seat, once the chat log has told whose tokens were revoked and who the session is pinned to.
async fn check(
    sessions: &Arc<Sessions>,
    knock: KnockId,
    handshake: &Handshake,
    grant: &Grant,
    IceServers { ice_servers, ice_lifetime }: IceServers,
) -> Answered {
    let busy = || Refusal::new(Code::Busy, "the chat log can't be read at the moment");
    let (tell, told) = oneshot::channel();
    let answer = move |input| {
        let admission = match input {
            Input::AdmissionRead { admission, .. } => admission,
            _ => Err(StoreError::Busy),
        };
        drop(tell.send(admission));
    };
    if sessions.chat_log.submit(&handshake.session_id, StoreRequest::ReadAdmission { knock }, answer).is_some() {
        return Err(busy());
    }
    let admission = told.await.ok().and_then(Result::ok).ok_or_else(busy)?;
    admission.check(&handshake.user_id, grant)?;
    Ok(Box::new(Knocked { v: VERSION, peer: None, signals: Vec::new(), ice_servers, ice_lifetime }))
}

/// A knock that waits for its answer. A client that goes away drops it.
struct Waiting {
    sessions: Arc<Sessions>,
    session: SessionId,
    knock: KnockId,
    told: oneshot::Receiver<Answered>,
    is_answered: bool,
}

impl Waiting {
    fn knock(sessions: &Arc<Sessions>, knock: Knock) -> Self {
        let (tell, told) = oneshot::channel();
        let (session, id) = (knock.handshake.session_id.clone(), knock.id);
        sessions.knock(&session, knock, tell);
        Self { sessions: Arc::clone(sessions), session, knock: id, told, is_answered: false }
    }

    async fn answer(mut self) -> Answered {
        let answer = (&mut self.told).await;
        self.is_answered = true;
        answer.unwrap_or_else(|_| Err(Refusal::new(Code::Busy, "the session has ended")))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        self.sessions.watch.metrics.knocked(KnockOutcome::Gone);
        self.told.close();
        match self.told.try_recv() {
            // It was answered in the moment in which its client went.
            Ok(Ok(knocked)) => self.sessions.input(&self.session, Input::KnockLost { signals: knocked.signals }),
            Ok(Err(_)) => {}
            Err(_) => self.sessions.knock_gone(&self.session, self.knock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_knock_waits_as_long_as_it_says_and_no_longer_than_it_may() {
        assert_eq!([wait_of(""), wait_of("a=b"), wait_of("a=b&wait=30")], [Ok(0), Ok(0), Ok(30)]);
        assert_eq!(wait_of("wait=4000000000"), Ok(MAX_KNOCK_WAIT_MS));
        for wrong in ["wait=", "wait=-1", "wait=x", "wait=40000000000"] {
            assert_eq!(wait_of(wrong).map_err(|refusal| refusal.code), Err(Code::BadRequest), "{wrong}");
        }
    }

    #[test]
    fn other_types_than_text_and_json_are_refused() {
        let typed = |kind: &str| has_type(&[(header::CONTENT_TYPE, kind.parse().unwrap())].into_iter().collect());
        for good in ["text/plain", "Text/Plain;charset=UTF-8", "application/json ; x=y"] {
            assert!(typed(good).is_ok(), "{good}");
        }
        assert!(typed("application/x-www-form-urlencoded").is_err() && has_type(&HeaderMap::new()).is_err());
    }
}
