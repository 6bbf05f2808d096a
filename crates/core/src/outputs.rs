//! The outputs of one step and the names they give.

use std::collections::VecDeque;

use crate::op_id::OpId;
use crate::output::Output;
use crate::timer::Timer;
use crate::wire::ClientEvent;

/// Collects outputs until the driver drains them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Outputs {
    queue: VecDeque<Output>,
    ids: u32,
}

impl Outputs {
    /// A name never given before.
    pub(crate) fn next_id(&mut self) -> OpId {
        self.ids = self.ids.wrapping_add(1);
        OpId(self.ids)
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    pub(crate) fn extend(&mut self, outputs: impl IntoIterator<Item = Output>) {
        self.queue.extend(outputs);
    }

    /// Emits on the connected socket and returns the name of the acknowledgement.
    pub(crate) fn emit(&mut self, event: ClientEvent) -> OpId {
        let request = self.next_id();
        self.push(Output::Emit { request, event });
        request
    }

    /// Starts a timer, or starts it anew. Milliseconds.
    pub(crate) fn set_timer(&mut self, timer: Timer, after: u32) {
        self.push(Output::SetTimer { timer, after, spread: false });
    }

    /// Starts a timer that fires up to a quarter later at random.
    pub(crate) fn set_spread_timer(&mut self, timer: Timer, after: u32) {
        self.push(Output::SetTimer { timer, after, spread: true });
    }

    pub(crate) fn clear_timer(&mut self, timer: Timer) {
        self.push(Output::ClearTimer(timer));
    }

    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }
}
