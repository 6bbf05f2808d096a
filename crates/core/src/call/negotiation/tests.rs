//! The order of attempts.

use super::*;
use crate::wire::SessionId;

fn offering() -> (Negotiation, OpId, Outputs) {
    let (session, user) = (SessionId::parse("s").unwrap(), UserId::parse("7").unwrap());
    let me = Identity { session, user, instance: InstanceId::parse(&"0f".repeat(16)).unwrap() };
    let (mut negotiation, mut out) = (Negotiation::new(me, true), Outputs::default());
    let beginning = Beginning { ice_servers: Vec::new(), own_context: false, quiet: false };
    negotiation.offer(&UserId::parse("9").unwrap(), beginning, &mut out);
    let id = negotiation.attempt().unwrap().id;
    (negotiation, id, out)
}

#[test]
fn a_browser_that_gives_up_before_it_knows_all_candidates_is_not_believed() {
    let (mut negotiation, id, mut out) = offering();
    let failed = ConnectionEvent::Link(LinkState::Failed);
    let end = ConnectionEvent::LocalCandidate(Candidate::end());
    negotiation.connection_event(id, &failed, true, &mut out);
    assert!(negotiation.is_trying(id));
    negotiation.connection_event(id, &end, true, &mut out);
    negotiation.connection_event(id, &failed, true, &mut out);
    assert!(negotiation.is_trying(id), "the other's are to come");
    negotiation.attempt.as_mut().unwrap().complete.1 = true;
    negotiation.connection_event(id, &failed, true, &mut out);
    assert!(!negotiation.is_trying(id));
    let (mut negotiation, id, mut out) = offering();
    negotiation.connection_event(id, &ConnectionEvent::Broken, true, &mut out);
    assert!(!negotiation.is_trying(id), "what was rejected is of no use");
}
