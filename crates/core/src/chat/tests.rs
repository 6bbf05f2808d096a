//! The chat by itself: what it asks for, and what it makes of the answers.

use super::*;
use crate::input::OutboxEvent;
use crate::output::OutboxCommand;
use crate::stored_message::StoredMessage;
use crate::timer::Timer;
use crate::wire::{Accepted, ChatCopy, Code, InBand, Refusal};

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn id(n: u64) -> MessageId {
    MessageId::parse(&format!("00000000-0000-7000-8000-{n:012x}")).unwrap()
}

fn durable(n: u64, sender: &str) -> ChatMessage {
    ChatMessage { id: id(n), sender: user(sender), seq: n, at: n, text: format!("text {n}") }
}

fn page(log: &str, messages: Vec<ChatMessage>) -> ChatPage {
    let last = messages.last().map_or(0, |m| m.seq);
    ChatPage { log: log.into(), since: u64::MAX, last, receipts: Vec::new(), messages, more: false }
}

fn outputs(out: &mut Outputs) -> Vec<Output> {
    std::iter::from_fn(|| out.pop()).collect()
}

fn emitted(out: &mut Outputs) -> Vec<(OpId, ClientEvent)> {
    std::iter::from_fn(|| out.pop())
        .filter_map(|o| match o {
            Output::Emit { request, event } => Some((request, event)),
            _ => None,
        })
        .collect()
}

fn joined() -> (Chat, Outputs) {
    let (mut chat, mut out) = (Chat::new(user("7")), Outputs::default());
    chat.outbox_event(OutboxEvent::Loaded(Vec::new()), &mut out);
    chat.welcome(page("a", Vec::new()), &mut out);
    outputs(&mut out);
    (chat, out)
}

#[test]
fn one_batch_is_in_flight_and_the_rest_follows_in_order() {
    let (mut chat, mut out) = joined();
    chat.add(id(1), "one".into(), 0, &mut out);
    chat.flush(&mut out);
    chat.add(id(2), "two".into(), 0, &mut out);
    chat.flush(&mut out);
    let first = emitted(&mut out);
    assert_eq!(first.len(), 1);
    let answer =
        Acknowledgement { ok: true, accepted: vec![Accepted { id: id(1), seq: 1, at: 1 }], ..Default::default() };
    chat.acknowledged(first[0].0, Some(answer), &mut out);
    chat.flush(&mut out);
    let second = emitted(&mut out);
    let ClientEvent::Chat(batch) = &second[0].1 else { panic!("{second:?}") };
    assert_eq!(batch.messages[0].id, id(2));
    assert_eq!(chat.messages()[0].status, Delivery::Sent);
}

#[test]
fn what_was_in_flight_is_sent_again_and_found_in_the_log() {
    let (mut chat, mut out) = joined();
    chat.add(id(1), "one".into(), 0, &mut out);
    chat.flush(&mut out);
    chat.disconnected();
    chat.welcome(page("a", vec![durable(1, "7")]), &mut out);
    emitted(&mut out);
    chat.flush(&mut out);
    assert!(emitted(&mut out).is_empty(), "the welcome showed that it is durable");
    assert_eq!(chat.messages().len(), 1);
}

#[test]
fn a_final_refusal_fails_one_message_and_goes_on() {
    let (mut chat, mut out) = joined();
    chat.add(id(1), "bad".into(), 0, &mut out);
    chat.add(id(2), "good".into(), 0, &mut out);
    chat.flush(&mut out);
    let sent = emitted(&mut out);
    let error = Refusal { code: Code::BadText, message: String::new(), retryable: false, after_ms: None, detail: None };
    let answer = Acknowledgement { error: Some(error), refused_id: Some(id(1)), ..Default::default() };
    chat.acknowledged(sent[0].0, Some(answer), &mut out);
    chat.flush(&mut out);
    assert_eq!(chat.messages()[0].status, Delivery::Failed);
    assert_eq!(emitted(&mut out).len(), 1);
    chat.discard(&id(1), &mut out);
    assert_eq!(chat.messages().len(), 1);
}

#[test]
fn a_retryable_refusal_waits_as_long_as_it_says() {
    let (mut chat, mut out) = joined();
    chat.add(id(1), "one".into(), 0, &mut out);
    chat.flush(&mut out);
    let sent = emitted(&mut out);
    let error = Refusal { code: Code::Busy, message: String::new(), retryable: true, after_ms: Some(70), detail: None };
    let answer = Acknowledgement { error: Some(error), ..Default::default() };
    chat.acknowledged(sent[0].0, Some(answer), &mut out);
    assert_eq!(out.pop(), Some(Output::SetTimer { timer: Timer::Outbox, after: 70, spread: true }));
    chat.flush(&mut out);
    assert!(emitted(&mut out).is_empty());
    chat.resume();
    chat.flush(&mut out);
    assert_eq!(emitted(&mut out).len(), 1);
}

#[test]
fn receipts_raise_the_status_and_never_lower_it() {
    let (mut chat, mut out) = joined();
    chat.deliver(vec![durable(1, "7"), durable(2, "7")], &mut out);
    chat.receipt(&Receipt { user: user("9"), delivered: 2, read: 1 });
    chat.receipt(&Receipt { user: user("9"), delivered: 1, read: 0 });
    let statuses: Vec<Delivery> = chat.messages().iter().map(|m| m.status).collect();
    assert_eq!(statuses, [Delivery::Read, Delivery::Delivered]);
}

#[test]
fn what_arrives_is_unread_until_marked_and_both_are_told() {
    let (mut chat, mut out) = joined();
    chat.deliver(vec![durable(1, "9")], &mut out);
    assert_eq!(out.pop(), Some(Output::Event(Event::Message(id(1)))));
    assert_eq!(chat.unread(), 1);
    chat.flush(&mut out);
    chat.mark_read();
    chat.flush(&mut out);
    let told: Vec<ClientEvent> = emitted(&mut out).into_iter().map(|e| e.1).collect();
    let receipt = |read| ClientEvent::Receipt(Receipt { user: user("7"), delivered: 1, read });
    assert_eq!(told, [receipt(0), receipt(1)]);
    assert_eq!(chat.unread(), 0);
}

#[test]
fn what_was_read_while_offline_is_told_after_the_next_welcome() {
    let (mut chat, mut out) = joined();
    chat.deliver(vec![durable(1, "9")], &mut out);
    chat.disconnected();
    chat.mark_read();
    chat.welcome(page("a", Vec::new()), &mut out);
    emitted(&mut out);
    chat.flush(&mut out);
    let told = emitted(&mut out);
    assert_eq!(told[0].1, ClientEvent::Receipt(Receipt { user: user("7"), delivered: 1, read: 1 }));
}

#[test]
fn unsent_messages_are_never_dropped_from_the_window() {
    let (mut chat, mut out) = joined();
    for n in 1..=600 {
        chat.add(id(n), "unsent".into(), 0, &mut out);
    }
    chat.deliver(vec![ChatMessage { id: id(9_999), ..durable(1, "9") }], &mut out);
    assert_eq!(chat.unsent(), 600);
}

#[test]
fn a_gap_is_asked_for_again() {
    let (mut chat, mut out) = joined();
    chat.deliver(vec![durable(1, "9"), durable(3, "9")], &mut out);
    assert_eq!(chat.since(), 1);
    chat.welcome(page("a", vec![durable(2, "9"), durable(3, "9")]), &mut out);
    assert_eq!(chat.since(), 3);
    assert_eq!(chat.messages().len(), 3);
}

#[test]
fn another_log_keeps_texts_and_sends_ours_again() {
    let (mut chat, mut out) = joined();
    chat.deliver(vec![durable(1, "7"), durable(2, "9")], &mut out);
    chat.welcome(page("b", Vec::new()), &mut out);
    assert_eq!(chat.messages().len(), 2);
    assert_eq!(chat.unsent(), 1);
}

fn copy(n: u64) -> ChatCopy {
    ChatCopy { id: id(n), text: format!("text {n}"), at: n, counter: n }
}

fn told(out: &mut Outputs) -> usize {
    outputs(out).iter().filter(|o| matches!(o, Output::Event(Event::Message(_)))).count()
}

#[test]
fn a_copy_is_shown_at_once_and_the_message_is_never_seen_twice() {
    let (mut chat, mut out) = joined();
    chat.take_copies(&user("9"), vec![copy(1), copy(2)], &mut out);
    assert_eq!((told(&mut out), chat.unread(), chat.messages()[0].seq), (2, 2, None));
    chat.deliver(vec![durable(1, "9")], &mut out);
    chat.take_copies(&user("9"), vec![copy(1)], &mut out);
    assert_eq!((told(&mut out), chat.messages().len()), (0, 2));
    assert_eq!([chat.messages()[0].seq, chat.messages()[1].seq], [Some(1), None]);
}

#[test]
fn copies_of_one_author_stand_in_that_authors_order() {
    let (mut chat, mut out) = joined();
    chat.take_copies(&user("9"), vec![copy(2)], &mut out);
    chat.add(id(9), "mine".into(), 0, &mut out);
    chat.take_copies(&user("9"), vec![copy(1)], &mut out);
    let ids: Vec<_> = chat.messages().iter().map(|m| m.id.clone()).collect();
    assert_eq!(ids, [id(1), id(2), id(9)]);
}

#[test]
fn what_goes_over_the_channel_goes_once_and_again_over_a_new_one() {
    let (mut chat, mut out) = joined();
    chat.add(id(1), "one".into(), 5, &mut out);
    let sent = chat.copies();
    assert!(matches!(sent.as_slice(), [InBand::Chat(copies)] if copies[0].id == id(1) && copies[0].counter == 5));
    assert!(chat.copies().is_empty());
    chat.channel_opened();
    assert_eq!(chat.copies(), sent);
}

#[test]
fn the_others_word_on_copies_raises_their_status_before_they_are_durable() {
    let (mut chat, mut out) = joined();
    chat.add(id(1), "one".into(), 5, &mut out);
    chat.add(id(2), "two".into(), 5, &mut out);
    chat.copies_received(crate::wire::CopyReceipt { delivered: 6, read: 5 });
    let statuses: Vec<Delivery> = chat.messages().iter().map(|m| m.status).collect();
    assert_eq!((statuses, chat.unsent()), (vec![Delivery::Read, Delivery::Delivered], 2));
}

#[test]
fn a_copy_that_was_seen_stays_seen_when_it_is_durable() {
    let (mut chat, mut out) = joined();
    chat.take_copies(&user("9"), vec![copy(1)], &mut out);
    chat.mark_read();
    assert!(matches!(chat.copies().as_slice(), [InBand::ChatReceipt(receipt)] if receipt.read == 1));
    chat.deliver(vec![durable(1, "9")], &mut out);
    outputs(&mut out);
    chat.flush(&mut out);
    let receipt = Receipt { user: user("7"), delivered: 1, read: 1 };
    assert_eq!((chat.unread(), emitted(&mut out)[0].1.clone()), (0, ClientEvent::Receipt(receipt)));
}

#[test]
fn a_flood_of_copies_is_kept_within_bounds_and_bad_texts_are_not_shown() {
    let (mut chat, mut out) = joined();
    for start in 0..100 {
        chat.take_copies(&user("9"), (1..=64).map(|n| copy(start * 64 + n)).collect(), &mut out);
    }
    assert_eq!(chat.messages().len(), 2_000);
    let (mut chat, mut out) = joined();
    chat.take_copies(&user("9"), vec![ChatCopy { text: "a\u{0}".into(), ..copy(1) }], &mut out);
    assert!(chat.messages().is_empty());
}

#[test]
fn a_message_refused_for_good_is_taken_back_from_the_other() {
    let (mut chat, mut out) = joined();
    chat.add(id(1), "one".into(), 0, &mut out);
    chat.copies();
    chat.flush(&mut out);
    let sent = emitted(&mut out);
    let error = Refusal { code: Code::BadText, message: String::new(), retryable: false, after_ms: None, detail: None };
    chat.acknowledged(sent[0].0, Some(Acknowledgement { error: Some(error), ..Default::default() }), &mut out);
    assert_eq!(chat.copies(), [InBand::ChatWithdrawn(id(1))]);
    assert!(chat.messages()[0].failure_message().is_some());

    let (mut other, mut out) = joined();
    other.take_copies(&user("9"), vec![copy(1)], &mut out);
    other.copy_withdrawn(&user("9"), &id(1));
    assert!(other.messages().is_empty());
}

#[test]
fn what_an_earlier_page_left_goes_up_first() {
    let (mut chat, mut out) = (Chat::new(user("7")), Outputs::default());
    chat.add(id(2), "new".into(), 3, &mut out);
    chat.welcome(page("a", Vec::new()), &mut out);
    chat.flush(&mut out);
    assert!(emitted(&mut out).is_empty(), "the store is not read yet");
    // Its counter is larger, as after the clock was set back.
    let stored = StoredMessage { id: id(1), text: "old".into(), at: 1, counter: 9, failure: None };
    chat.outbox_event(OutboxEvent::Loaded(vec![stored]), &mut out);
    chat.flush(&mut out);
    let sent = emitted(&mut out);
    let ClientEvent::Chat(batch) = &sent[0].1 else { panic!("{sent:?}") };
    assert_eq!([batch.messages[0].id.clone(), batch.messages[1].id.clone()], [id(1), id(2)]);
}

#[test]
fn the_store_holds_what_is_unsent_and_nothing_else() {
    let (mut chat, mut out) = joined();
    chat.add(id(1), "one".into(), 0, &mut out);
    assert!(matches!(outputs(&mut out).as_slice(), [Output::Outbox(OutboxCommand::Put(m))] if m.id == id(1)));
    chat.deliver(vec![durable(1, "7")], &mut out);
    assert_eq!(outputs(&mut out), [Output::Outbox(OutboxCommand::Remove(id(1)))]);
    // An answer that was on its way when the message went.
    let stored = StoredMessage { id: id(1), text: "one".into(), at: 1, counter: 1, failure: None };
    chat.outbox_event(OutboxEvent::Loaded(vec![stored]), &mut out);
    assert_eq!((chat.unsent(), chat.messages().len()), (0, 1));
}

#[test]
fn without_a_store_messages_go_from_memory_and_it_is_said() {
    let (mut chat, mut out) = (Chat::new(user("7")), Outputs::default());
    assert_eq!(chat.durable(), None);
    chat.outbox_event(OutboxEvent::Missing, &mut out);
    chat.welcome(page("a", Vec::new()), &mut out);
    chat.add(id(1), "one".into(), 0, &mut out);
    chat.flush(&mut out);
    assert_eq!((chat.durable(), emitted(&mut out).len()), (Some(false), 1));
}

#[test]
fn a_copy_whose_place_lies_in_the_gap_is_searched_for() {
    let (mut chat, mut out) = joined();
    chat.take_copies(&user("9"), vec![copy(1)], &mut out);
    let missed = (50..=60).map(|n| ChatMessage { id: id(100 + n), ..durable(n, "9") }).collect();
    chat.welcome(ChatPage { more: true, ..page("a", missed) }, &mut out);
    let sent = emitted(&mut out);
    assert!(matches!(&sent[0].1, ClientEvent::History(request) if request.before == 50));
    let older = (1..50).map(|n| ChatMessage { id: id(n), ..durable(n, "9") }).collect();
    let answer = Acknowledgement { ok: true, messages: older, ..Default::default() };
    chat.acknowledged(sent[0].0, Some(answer), &mut out);
    assert_eq!((chat.messages()[0].seq, chat.messages().len()), (Some(1), 60));
}

#[test]
fn a_log_that_was_set_back_hides_nothing() {
    let (mut chat, mut out) = joined();
    chat.deliver(vec![durable(1, "7"), durable(2, "9"), durable(3, "7")], &mut out);
    assert_eq!((chat.since(), chat.tip()), (3, Some(id(3))));
    chat.welcome(ChatPage { since: 0, ..page("a", vec![durable(1, "7")]) }, &mut out);
    assert_eq!((chat.since(), chat.messages().len(), chat.unsent()), (1, 3, 1));
}

#[test]
fn what_comes_while_older_messages_are_loaded_leaves_no_hole() {
    let (mut chat, mut out) = joined();
    let window = u64::try_from(WINDOW).unwrap();
    let (first, last) = (101, 100 + window);
    chat.welcome(ChatPage { more: true, ..page("a", (first..=last).map(|n| durable(n, "9")).collect()) }, &mut out);
    outputs(&mut out);
    chat.load_earlier(&mut out);
    let (request, _) = emitted(&mut out).pop().unwrap();
    chat.deliver(vec![durable(last + 1, "9")], &mut out);
    let answer = Acknowledgement {
        ok: true,
        more: false,
        messages: (1..first).map(|n| durable(n, "9")).collect(),
        ..Acknowledgement::default()
    };
    chat.acknowledged(request, Some(answer), &mut out);
    let seqs: Vec<u64> = chat.messages().iter().filter_map(|m| m.seq).collect();
    assert_eq!(seqs, (1..=last + 1).collect::<Vec<_>>());
}

#[test]
fn another_life_of_the_other_has_not_read_our_copies_before_it_gets_them() {
    let (mut chat, mut out) = joined();
    let copy = ChatCopy { id: id(1), text: "hello".into(), at: 1, counter: 9_000 };
    chat.take_copies(&user("9"), vec![copy], &mut out);
    chat.mark_read();
    assert!(matches!(chat.copies().as_slice(), [InBand::ChatReceipt(receipt)] if receipt.read == 9_000));
    chat.note(Fact::PeerReplaced);
    chat.note(Fact::ChannelOpen);
    assert_eq!(chat.copies(), [], "its messages are counted by another clock");
}
