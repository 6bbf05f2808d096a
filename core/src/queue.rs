//! The outputs of one step and the names they give.

use std::collections::VecDeque;

use crate::input::OpId;
use crate::output::{ClientEvent, Output};

/// Collects outputs until the driver drains them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Queue {
    outputs: VecDeque<Output>,
    ids: u32,
}

impl Queue {
    /// A name never given before.
    pub(crate) fn next_id(&mut self) -> OpId {
        self.ids = self.ids.wrapping_add(1);
        OpId(self.ids)
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    /// Emits and returns the name of the acknowledgement.
    pub(crate) fn emit(&mut self, event: ClientEvent) -> OpId {
        let request = self.next_id();
        self.push(Output::Emit { request, event });
        request
    }

    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}
