//! The microphone's sound whether this person is muted or not, for what stays in this page.

use js_sys::Object;
use web_sys::MediaStreamTrack;

use crate::crash::Hold;

/// Another track of the same source as the microphone's, which is never muted.
pub(crate) struct Unmuted {
    of: MediaStreamTrack,
    pub(crate) track: MediaStreamTrack,
    _hold: Hold,
}

impl Unmuted {
    pub(crate) fn new(of: &MediaStreamTrack) -> Self {
        // The DOM's: another track of the same source.
        let track = of.clone();
        track.set_enabled(true);
        Self { of: Clone::clone(of), _hold: Hold::new(&track), track }
    }

    /// It is of this track.
    pub(crate) fn is_of(&self, track: &MediaStreamTrack) -> bool {
        Object::is(&self.of, track)
    }
}

impl Drop for Unmuted {
    fn drop(&mut self) {
        self.track.stop();
    }
}
