//! A small mutator: one seed, one sequence of inputs.

/// Splits and joins the seeds, changes bytes, and writes words of the format into them.
pub(super) struct Mutator {
    state: u64,
    seeds: Vec<Vec<u8>>,
    words: &'static [&'static [u8]],
}

/// Longer inputs find nothing that shorter ones do not.
const LONGEST: usize = 8 << 10;

impl Mutator {
    pub(super) fn new(seed: u64, seeds: Vec<Vec<u8>>, words: &'static [&'static [u8]]) -> Self {
        assert!(!seeds.is_empty(), "there are no seeds");
        Self { state: seed, seeds, words }
    }

    /// SplitMix64: a counter and three rounds of mixing.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.random() % bound.max(1) as u64) as usize
    }

    fn seed(&mut self) -> Vec<u8> {
        let at = self.below(self.seeds.len());
        self.seeds[at].clone()
    }

    /// The next input: a seed, changed up to eight times.
    pub(super) fn next(&mut self) -> Vec<u8> {
        let mut input = self.seed();
        for _ in 0..self.below(9) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let (at, byte) = (self.below(input.len() + 1), self.random() as u8);
        let end = at + self.below((input.len() - at).min(64) + 1);
        match self.below(9) {
            0 => input.insert(at, byte),
            1 => drop(input.drain(at..end)),
            2 if at < input.len() => input[at] = byte,
            3 if at < input.len() => input[at] ^= 1 << (byte % 8),
            4 if at < input.len() => input[at] = input[at].wrapping_add(byte % 5).wrapping_sub(2),
            5 => {
                let piece = input[at..end].to_vec();
                input.splice(at..at, piece);
            }
            6 => {
                let word = self.words[self.below(self.words.len())];
                input.splice(at..at, word.iter().copied());
            }
            7 => {
                let word = self.words[self.below(self.words.len())];
                input.splice(at..end, word.iter().copied());
            }
            _ => {
                let other = self.seed();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
        }
    }
}
