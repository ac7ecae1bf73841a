/// The gradient of one tensor, in f64.
package struct Gradient: Sendable {
  /// In the layout of the tensor.
  package var values: [Double]
  /// For each value, the root of the sum of the squares of the terms it is summed from, each as much
  /// larger as its weight's score makes it more uncertain. An evaluation in a precision of unit
  /// roundoff `u` is expected to be wrong by a few `u` times this, also where terms cancel.
  package var noise: [Double]
  /// Products in each of the sums that a term is made of, such as `dO·v`: the value dimension. 1 where
  /// terms are no sums.
  package var terms = 1
  /// Whether sums are in f32: a plain evaluation's. Long sums stray further than their terms do.
  private var single = false

  /// Zero.
  init(count: Int) {
    values = [Double](repeating: 0, count: count)
    noise = values
  }

  /// Zero, to be summed in the precision of `type` from sums of `terms` products.
  init<T: OracleScalar>(count: Int, in type: T.Type, terms: Int) {
    self.init(count: count)
    self.terms = terms
    single = type == Float.self
  }

  /// A part of a gradient.
  private init(values: ArraySlice<Double>, noise: ArraySlice<Double>, terms: Int) {
    self.values = Array(values)
    self.noise = Array(noise)
    self.terms = terms
  }

  /// The first `count` values, and the rest.
  func split(at count: Int) -> (first: Gradient, rest: Gradient) {
    (
      Gradient(values: values[..<count], noise: noise[..<count], terms: terms),
      Gradient(values: values[count...], noise: noise[count...], terms: terms)
    )
  }

  /// These values and then those of `other`.
  package func followed(by other: Gradient) -> Gradient {
    Gradient(
      values: (values + other.values)[...], noise: (noise + other.noise)[...],
      terms: max(terms, other.terms))
  }

  /// Adds one term and the square of its uncertainty.
  mutating func add(_ term: Double, at index: Int, noiseSquared: Double) {
    let sum = values[index] + term
    // The sum of two f32 values is exact enough in f64 that rounding it is rounding once.
    values[index] = single ? Double(Float(sum)) : sum
    noise[index] += noiseSquared
  }

  /// Ends the sums: `noise` held squares until here.
  mutating func finish() { for i in noise.indices { noise[i] = noise[i].squareRoot() } }
}

/// The gradients of one attention. Those of tensors that the problem does not have are empty.
package struct AttentionGradients: Sendable {
  /// In the layout of Q.
  package var dq: Gradient
  /// In the layout of K.
  package var dk: Gradient
  /// In the layout of V.
  package var dv: Gradient
  /// In the layout of the additional keys.
  package var dExtraK = Gradient(count: 0)
  /// In the layout of the additional values.
  package var dExtraV = Gradient(count: 0)
  /// In the layout of the relative-position bias.
  package var dBias = Gradient(count: 0)
  /// One of each query head's sink.
  package var dSinks = Gradient(count: 0)
}
