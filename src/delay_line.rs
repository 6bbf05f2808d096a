//! The microphone's sound as it was a moment ago, for push-to-talk (W3C Web Audio, `DelayNode`).

use std::cell::RefCell;

use js_sys::Array;
use pairvoice_core::{Delay, Input};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    AudioContext, DelayNode, MediaStream, MediaStreamAudioSourceNode, MediaStreamTrack, MediaStreamTrackState,
};

use crate::convert::{ignore, property};
use crate::crash::Hold;
use crate::inbox::Inbox;
use crate::listeners::Listener;
use crate::unmuted::Unmuted;

/// Seconds of a millisecond.
const MILLISECOND: f32 = 0.001;

/// A delay line. It reports whether it runs: a browser may let it wait for a gesture, or interrupt it.
pub(crate) struct DelayLine {
    inbox: Inbox,
    _listener: Listener,
    input: RefCell<Option<(Unmuted, MediaStreamAudioSourceNode)>>,
    node: DelayNode,
    /// What comes out; enabled only while it is sent.
    pub(crate) output: MediaStreamTrack,
    context: AudioContext,
    _hold: Hold,
}

impl DelayLine {
    /// # Errors
    /// What the browser throws that has no Web Audio.
    pub(crate) fn new(inbox: &Inbox) -> Result<Self, JsValue> {
        let context = AudioContext::new()?;
        Self::build(inbox, &context).inspect_err(|_| {
            let _ = context.close().map(ignore);
        })
    }

    fn build(inbox: &Inbox, context: &AudioContext) -> Result<Self, JsValue> {
        let hold = Hold::new(context);
        let node = context.create_delay()?;
        #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
        node.delay_time().set_value(Delay::MS as f32 * MILLISECOND);
        let destination = context.create_media_stream_destination()?;
        node.connect_with_audio_node(&destination)?;
        let output: MediaStreamTrack = destination.stream().get_audio_tracks().get(0).dyn_into()?;
        output.set_enabled(false);
        let (of, told) = (Clone::clone(context), inbox.clone());
        let listener = Listener::new(context, "statechange", move |_| told.input(Input::DelayRuns(runs(&of))));
        let (inbox, context) = (inbox.clone(), Clone::clone(context));
        Ok(Self { inbox, _listener: listener, input: RefCell::default(), node, output, context, _hold: hold })
    }

    /// Takes in the sound of this track from now on; what is in it comes out as before.
    pub(crate) fn take_in(&self, track: &MediaStreamTrack) {
        if !runs(&self.context) {
            let _ = self.context.resume().map(ignore);
        }
        if track.ready_state() != MediaStreamTrackState::Live {
            // An app that stops its own track tells nobody, and the other track of its source would keep the device.
            self.cut_off();
            return;
        }
        if self.input.borrow().as_ref().is_some_and(|(input, _)| input.is_of(track)) {
            return;
        }
        self.cut_off();
        let input = Unmuted::new(track);
        let source = MediaStream::new_with_tracks(&Array::of1(&input.track))
            .and_then(|stream| self.context.create_media_stream_source(&stream));
        match source.and_then(|source| source.connect_with_audio_node(&self.node).map(|_| source)) {
            Ok(source) => *self.input.borrow_mut() = Some((input, source)),
            // It would bring silence.
            Err(_) => self.inbox.input(Input::DelayRuns(false)),
        }
    }

    /// Takes nothing in.
    pub(crate) fn cut_off(&self) {
        if let Some((_, source)) = self.input.borrow_mut().take() {
            let _ = source.disconnect();
        }
    }
}

impl Drop for DelayLine {
    fn drop(&mut self) {
        self.cut_off();
        self.output.stop();
        let _ = self.context.close();
    }
}

/// Not the state of web-sys, which does not know `interrupted` (iOS).
fn runs(context: &AudioContext) -> bool {
    property(context, "state") == *"running"
}
