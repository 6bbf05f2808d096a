//! How much room there is, as far as sending tells: without transport-wide feedback no browser estimates it for sound alone.
//!
//! Two things tell: packets that wait in a queue which grows shorter when less is sent, and loss that grows less when less is sent.

/// Packets that wait so long are in a queue, in milliseconds.
const QUEUE_MS: u32 = 100;
/// Reports in a row that must say so.
const REPORTS: u8 = 2;
/// Reports after less was sent by which a queue has become shorter.
const DRAINED: u16 = 5;
/// Times that less is sent before a queue that stays counts as somebody else's, or as a longer way.
const TIMES: u8 = 2;
/// A shorter one is none: on a narrow link a single packet takes its time.
const DRAINED_MS: u32 = 80;
/// A queue that needs no second report, in milliseconds.
const LONG_QUEUE_MS: u32 = 200;
/// How many reports a ceiling holds before more is tried, at first and at most: 4 and 30 seconds; and between two tries that go well.
/// It doubles with each try that does not.
const HOLD: (u16, u16) = (8, 60);
const STEP: u16 = 4;
/// Reports after more was sent by which a queue or loss is seen to come of it.
const COMES_OF_IT: u16 = 10;
/// Reports without a ceiling after which more than the next one is tried again soon, and after which less is, when much is lost.
const RESTED: u16 = 20;
const CALM: u16 = 120;
/// What is sent while nothing is heard of how it arrives, in kbit/s: no copies, and few packets.
const BLIND: u32 = 31;
/// There is always room for so much, in kbit/s.
const LEAST: u32 = 18;
/// Loss that may be made by the copies that fight it, in hundred thousandths.
const SUSPICIOUS: u32 = 15_000;
/// Loss that few networks have by themselves: less is tried the sooner, so many times, when it is the first trial.
const HEAVY: (u32, u16) = (45_000, 2);
/// So much more is lost when there is no room for more, in hundred thousandths.
const MORE: u32 = 6_000;
/// Reports after a change that tell of it.
const TELLING: u16 = 4;
/// Reports in a row after which a ceiling explains no loss that goes on.
const ODD: u8 = 10;
/// What is sent at most while it is tried whether less is lost of less, in kbit/s: two copies of few bits, so that speech
/// goes on. Three quarters of what was sent are enough.
const TRIAL: u32 = 62;
/// The same where loss is heavy, with one copy: the more is left out, the surer is what follows.
const HEAVY_TRIAL: u32 = 50;
/// Reports that a trial takes, and those of such loss in a row before the first one and at most before another: 3 s and 2 minutes.
const TRIAL_REPORTS: u16 = 6;
const SUSPENSE: (u16, u16) = (6, 240);

/// What was sent, and the share of it that was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Sent {
    cost: u32,
    loss: u32,
}

/// What is known of the room on the way to the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Bandwidth {
    ceiling: Option<u32>,
    /// What passed when there was a queue, in kbit/s: once the queue is gone, nearly as much may be sent.
    room: Option<u32>,
    /// Reports until more is tried, how many the ceiling holds, and how often in a row more was tried and went well.
    hold: u16,
    held: u16,
    went_well: u8,
    /// Reports since more was tried.
    tried: u16,
    /// Reports since there was a ceiling last.
    calm: u16,
    /// Reports in a row with a queue, and what of it is not made by this call, in milliseconds.
    queued: u8,
    foreign: u32,
    /// How often less was sent because of the queue there is, how long that was, and for how many reports the last time holds.
    lowered: (u8, u32, u16),
    /// What was lost before more was sent again, the ceiling then, and for how many reports that is so.
    raised: Option<(u32, u32, u16)>,
    /// What was lost before a trial showed that there is too little room, and for how many reports less is sent.
    concluded: Option<(u32, u16)>,
    /// Reports in a row of loss that no ceiling ended.
    odd: u8,
    /// What was sent before a trial, and for how many reports it runs.
    trial: Option<(Sent, u16)>,
    /// Reports of suspicious loss in a row, and how many of them lead to a trial.
    suspicion: u16,
    suspense: u16,
}

impl Default for Bandwidth {
    fn default() -> Self {
        Self {
            ceiling: None,
            room: None,
            hold: 0,
            held: HOLD.0,
            went_well: 0,
            tried: COMES_OF_IT,
            calm: CALM,
            queued: 0,
            foreign: 0,
            lowered: (0, 0, 0),
            raised: None,
            concluded: None,
            odd: 0,
            trial: None,
            suspicion: 0,
            suspense: SUSPENSE.0,
        }
    }
}

impl Bandwidth {
    /// What fits, in kbit/s; none as long as everything does.
    pub(crate) fn ceiling(&self) -> Option<u32> {
        let trial = self.trial.map(|(Sent { cost, loss }, _)| {
            let most = if loss >= HEAVY.0 { HEAVY_TRIAL } else { TRIAL };
            most.min(cost * 3 / 4)
        });
        self.ceiling.into_iter().chain(trial).min()
    }

    /// Room is short.
    pub(crate) fn is_short(&self) -> bool {
        self.ceiling.is_some()
    }

    /// Packets wait: what is lost is lost for that.
    pub(crate) fn is_queued(&self) -> bool {
        self.queued > 0
    }

    /// Takes half a second of a report: `cost` is what was sent, `losses` what did not arrive in the last reports, and of those of this step (in
    /// hundred thousandths), `queue` how long packets wait in milliseconds, `wish` what would be sent if there were room; `first` of
    /// those of one report, which tells of the queue once; `settled` if what was lost is of what is sent now. Tells whether the loss so far was made by too much.
    pub(crate) fn report(
        &mut self,
        cost: u32,
        losses: [u32; 2],
        queue: u32,
        wish: u32,
        first: bool,
        settled: bool,
    ) -> bool {
        let [loss, steady] = losses;
        // What was others' is over as far as the queue is shorter.
        self.foreign = self.foreign.min(queue);
        let queue = queue.saturating_sub(self.foreign);
        self.calm = if self.ceiling.is_some() { 0 } else { self.calm.saturating_add(1) };
        let reports = match first {
            true if queue >= LONG_QUEUE_MS => REPORTS,
            first => u8::from(first),
        };
        self.queued = if queue >= QUEUE_MS { self.queued.saturating_add(reports) } else { 0 };
        if queue < DRAINED_MS {
            self.lowered = (0, 0, 0);
            if let Some(room) = self.room.take() {
                self.ceiling = self.ceiling.map(|ceiling| ceiling.max(room * 19 / 20));
            }
        }
        self.lowered.2 = self.lowered.2.saturating_add(1);
        self.tried = self.tried.saturating_add(1);
        if self.is_full(queue) {
            let room = arrived(cost, loss);
            self.room = Some(self.room.map_or(room, |before| before.min(room)));
            // It shrinks only if less is sent than passes.
            self.lower(room * 3 / 4);
            return true;
        }
        if let Some(before) = self.try_less(Sent { cost, loss: steady }, wish, settled) {
            self.lower(arrived(cost, loss) * 9 / 10);
            self.concluded = Some((before, 0));
            return true;
        }
        if let Some(before) = self.is_too_much(loss) {
            self.lower(before.min(arrived(cost, loss) * 9 / 10));
            return true;
        }
        if self.is_wrong(loss) || self.is_no_matter_of_room(steady, queue) {
            self.ceiling = None;
            self.raised = None;
            self.suspense = SUSPENSE.1;
        }
        if self.ceiling.is_some() && self.trial.is_none() {
            self.try_more(cost, wish, queue, loss);
        }
        false
    }

    /// More was sent again, and more is lost: gives back the ceiling before.
    fn is_too_much(&mut self, loss: u32) -> Option<u32> {
        let (before, ceiling, reports) = self.raised.as_mut()?;
        *reports += 1;
        let more = loss > *before + MORE && *reports >= 2;
        let (ceiling, over) = (*ceiling, more || *reports >= TELLING);
        self.raised.take_if(|_| over);
        more.then_some(ceiling)
    }

    /// There is a ceiling, nothing waits, and much is lost all the same.
    fn is_no_matter_of_room(&mut self, loss: u32, queue: u32) -> bool {
        let odd = self.ceiling.is_some() && self.trial.is_none() && queue < DRAINED_MS && loss >= MORE;
        self.odd = if odd { self.odd + 1 } else { 0 };
        self.odd >= ODD
    }

    /// Less is sent, since a trial said so, and as much is lost.
    fn is_wrong(&mut self, loss: u32) -> bool {
        let Some((before, reports)) = &mut self.concluded else { return false };
        *reports += 1;
        let (wrong, told) = (loss * 2 >= *before, *reports >= TELLING);
        self.concluded.take_if(|_| told);
        wrong && told
    }

    /// There is a queue that this call makes.
    fn is_full(&mut self, queue: u32) -> bool {
        let (times, before, since) = self.lowered;
        if self.queued < REPORTS || (times > 0 && since < DRAINED) {
            return false;
        }
        if times >= TIMES && queue >= before * 2 / 3 {
            self.foreign = self.foreign.saturating_add(queue);
            self.lowered = (0, 0, 0);
            self.queued = 0;
            self.ceiling = None;
            self.room = None;
            return false;
        }
        let before = if times == 0 { queue } else { before };
        self.lowered = (times.saturating_add(1), before, 0);
        true
    }

    /// Finds out whether less is lost when less is sent; if so, gives back what was lost before.
    fn try_less(&mut self, now: Sent, wish: u32, settled: bool) -> Option<u32> {
        let Some((before, reports)) = &mut self.trial else {
            self.suspect(now, wish, settled);
            return None;
        };
        *reports += 1;
        if *reports < TRIAL_REPORTS {
            return None;
        }
        let before = *before;
        self.trial = None;
        self.suspicion = 0;
        self.suspense = (self.suspense * 5).min(SUSPENSE.1);
        // As much would arrive as before, were it for the room.
        let room = u64::from(arrived(before.cost, before.loss));
        let hoped = 100_000_u64.saturating_sub(room * 100_000 / u64::from(now.cost.max(1)));
        let fall = u64::from(before.loss).saturating_sub(hoped);
        (u64::from(before.loss.saturating_sub(now.loss)) * 5 >= fall * 3 && fall > 0).then_some(before.loss)
    }

    /// Begins a trial when much has been lost for a while.
    fn suspect(&mut self, now: Sent, wish: u32, settled: bool) {
        let Sent { cost, loss } = now;
        // Without copies as much is sent whatever is lost.
        let unhindered = self.ceiling.is_none() && cost >= wish && cost > 2 * LEAST;
        let suspicious = loss >= SUSPICIOUS && settled && (unhindered || cost > TRIAL * 5 / 4);
        // Whether a call that begins in a full queue has one can't be told by times: it has seen no others.
        let weight = if loss >= HEAVY.0 && self.suspense == SUSPENSE.0 { HEAVY.1 } else { 1 };
        self.suspicion = if suspicious { self.suspicion.saturating_add(weight) } else { 0 };
        if self.suspicion >= self.suspense {
            self.trial = Some((now, 0));
        } else if loss < SUSPICIOUS / 4 && self.calm > CALM {
            self.suspense = SUSPENSE.0;
        }
    }

    /// Nothing is heard of the other any more, and much is lost on the way here as well: both ways are full, as far as one can tell.
    pub(crate) fn go_blind(&mut self) {
        if self.ceiling.is_none_or(|ceiling| ceiling > BLIND) {
            self.lower(BLIND);
        }
    }

    fn lower(&mut self, room: u32) {
        // What comes of itself is another network, and says nothing of the next try. One try fails once.
        if std::mem::replace(&mut self.tried, COMES_OF_IT) < COMES_OF_IT {
            self.held = (self.held * 2).min(HOLD.1);
        } else if self.calm >= RESTED {
            self.held = HOLD.0;
        }
        self.ceiling = Some(room.max(LEAST));
        self.hold = self.held;
        self.went_well = 0;
        (self.trial, self.raised) = (None, None);
        self.queued = 0;
    }

    fn try_more(&mut self, cost: u32, wish: u32, queue: u32, loss: u32) {
        if queue >= DRAINED_MS {
            return;
        }
        self.hold = self.hold.saturating_sub(1);
        if self.hold == 0 {
            self.hold = STEP;
            if let Some(ceiling) = self.ceiling {
                self.raised = Some((loss, ceiling, 0));
                self.tried = 0;
                // Steps grow while what is allowed is used and goes well: a quarter more, a half, as much again.
                let went_well = if cost * 5 >= ceiling * 4 { self.went_well } else { 0 };
                let more = ceiling * (1 << went_well) / 4 + 1;
                self.went_well = (went_well + 1).min(2);
                self.ceiling = Some(ceiling + more).filter(|ceiling| *ceiling < wish);
            }
        }
    }
}

/// What arrives, in kbit/s.
fn arrived(cost: u32, loss: u32) -> u32 {
    let arrived = u64::from(cost) * u64::from(100_000_u32.saturating_sub(loss)) / 100_000;
    u32::try_from(arrived).unwrap_or(cost)
}
