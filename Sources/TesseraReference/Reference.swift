/// The oracle: every operator in f64, straight from its definition, on the stored (already rounded)
/// inputs. One readable function per operator; slow on purpose, and right.
package enum Reference {}
