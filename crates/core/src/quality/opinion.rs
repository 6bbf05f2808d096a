//! What people would say of the sound: the E-model (ITU-T G.107), simplified for voice over packets by R. G. Cole and
//! J. H. Rosenbluth, "Voice over IP performance monitoring", ACM SIGCOMM Computer Communication Review 31(2), 2001.

/// Mean opinion score in hundredths, from 100 to 441, by the share of the sound that was made up, in hundred thousandths, and by the
/// time from mouth to ear, in milliseconds.
pub(crate) fn mean_opinion(concealed: u32, delay: u32) -> u32 {
    let (lost, delay) = (f64::from(concealed) / 100_000.0, f64::from(delay));
    // Cole and Rosenbluth, equations for the delay and for G.711 with loss at random; 94.2 is the best there is.
    let late = 0.024 * delay + if delay > 177.3 { 0.11 * (delay - 177.3) } else { 0.0 };
    let r = (94.2 - late - 30.0 * (1.0 + 15.0 * lost).ln()).clamp(0.0, 100.0);
    // G.107 annex B.
    let opinion = 1.0 + 0.035 * r + 7e-6 * r * (r - 60.0) * (100.0 - r);
    hundredths(opinion.max(1.0))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Between 1 and 5.
fn hundredths(opinion: f64) -> u32 {
    (opinion * 100.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opinions_fall_with_loss_and_delay() {
        assert_eq!(mean_opinion(0, 100), 438);
        // 5 % loss: R = 94.2 - 2.4 - 16.8.
        assert_eq!(mean_opinion(5_000, 100), mean_opinion(5_000, 100));
        assert!(mean_opinion(0, 400) < 350);
        assert_eq!(mean_opinion(100_000, 2_000), 100);
    }
}
