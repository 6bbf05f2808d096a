//! What is told of a call, and what follows from reports that come, come rarely, or do not.

use super::*;

fn report(packets: u32, samples: u32) -> Heartbeat {
    let reception = Reception { packets, samples, energy: packets, ..Reception::default() };
    let hearing = Hearing { reception, playing: true, ..Hearing::default() };
    Heartbeat { hearing: Some(hearing), ..Heartbeat::default() }
}

#[test]
fn who_has_nothing_that_plays_does_not_hear() {
    let (mut quality, id) = (Quality::default(), OpId(1));
    quality.speaks(true);
    for n in 1..5 {
        quality.heartbeat(id, &report(25 * n, 24_000 * n), 50, true);
    }
    assert_eq!(quality.is_heard(), Some(true));
    let mut verdicts = Vec::new();
    for _ in 0..3 {
        (0..STALLED).for_each(|_| _ = quality.heartbeat(id, &report(125, 96_100), 50, true));
        verdicts.push(quality.is_heard());
    }
    assert_eq!(verdicts, [None, Some(false), Some(false)], "those without samples count as what they were");
}

#[test]
fn of_whoever_reports_nothing_it_is_not_known_whether_they_hear() {
    let (mut quality, id) = (Quality::default(), OpId(1));
    quality.speaks(true);
    let mut second = 0;
    let mut pass = |quality: &mut Quality| {
        second += 1;
        quality.second(id, None, Traffic { at: second * 1_000, ..Traffic::default() }, 50, true);
    };
    for n in 1..5 {
        quality.heartbeat(id, &report(25 * n, 24_000 * n), 50, true);
        pass(&mut quality);
    }
    // Heartbeats without a report tell that the link lives.
    for _ in 2..SILENT_SECONDS {
        quality.heartbeat(id, &Heartbeat::default(), 50, true);
        pass(&mut quality);
    }
    assert_eq!(quality.is_heard(), Some(true));
    pass(&mut quality);
    assert_eq!(quality.is_heard(), None);
}

#[test]
fn what_is_lost_while_nothing_comes_is_no_matter_of_how_it_is_sent() {
    let id = OpId(1);
    for (came, copies) in [([12, 0, 0, 12], 0), ([12, 3, 3, 12], 3)] {
        let (mut here, mut there) = (Quality::default(), Quality::default());
        here.set_means(Means::Copies);
        let mut reception = Reception::default();
        // What is missing is known late.
        for (packets, lost) in came.into_iter().cycle().zip([0, 0, 0, 20].into_iter().cycle()).take(16) {
            reception.packets += packets;
            reception.lost += lost;
            reception.samples += 12_000;
            there.received(id, reception, 250);
            let hearing = there.hearing(id, 0, 250, true);
            here.heartbeat(id, &Heartbeat { hearing, ..Heartbeat::default() }, 50, true);
        }
        assert_eq!(here.protection().copies.len(), copies);
    }
}

#[test]
fn who_hears_nothing_of_the_other_and_loses_much_sends_less() {
    for (lost, less) in [(50, true), (20, false)] {
        let (mut quality, id) = (Quality::default(), OpId(1));
        quality.set_means(Means::Copies);
        let mut reception = Reception::default();
        for second in 0..8 {
            reception = Reception { packets: reception.packets + 50, lost: reception.lost + lost, ..reception };
            quality.received(id, reception, 250);
            quality.second(id, None, Traffic { at: second * 1_000, ..Traffic::default() }, 50, true);
        }
        assert_eq!(quality.protection().frames > 1, less, "{:?}", quality.protection());
    }
}

#[test]
fn a_second_without_a_report_is_as_the_one_before_and_four_are_not() {
    let (mut quality, id) = (Quality::default(), OpId(1));
    let mut told = Vec::new();
    quality.heartbeat(id, &report(0, 1), 50, true);
    quality.heartbeat(id, &report(50, 48_000), 50, true);
    for second in 0..7 {
        let traffic = Traffic { at: second * 1_000, ..Traffic::default() };
        let report = quality.second(id, None, traffic, 50, true);
        told.extend(report.map(|(report, _)| report.outgoing.is_some()));
    }
    assert_eq!(told, [true, true, true, true, false, false]);
}

#[test]
fn the_seconds_in_which_a_call_begins_say_nothing_of_it() {
    let mut quality = Quality::default();
    let second = Second { incoming: None, outgoing: None, short: false, unheard: None, muted_talk: false };
    let mut steps = Vec::new();
    for _ in 0..8 {
        quality.warnings.judge(&second);
        quality.judge(Step::Fair);
        steps.push(quality.step);
    }
    assert_eq!(steps, [[Step::Good; 6].as_slice(), &[Step::Fair; 2]].concat());
}
