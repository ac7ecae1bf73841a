import Foundation
import TesseraCore
import TesseraReference
import Testing

@Suite struct `Neighborhood attention gradients` {
  typealias Axis = NeighborhoodProblem.Axis

  @Test func `are those that central differences have`() throws {
    for (name, c) in try NeighborhoodCase.all() {
      let gradients = c.backward
      for (tensor, gradient, path) in [
        ("dq", gradients.dq, \.q), ("dk", gradients.dk, \.k), ("dv", gradients.dv, \.v),
        ("dExtraK", gradients.dExtraK, \.extraK), ("dExtraV", gradients.dExtraV, \.extraV),
        ("dBias", gradients.dBias, \.bias),
      ] as [(String, Gradient, WritableKeyPath<NeighborhoodCase, [Double]>)] {
        let error = GradientCheck.error(of: gradient.values, at: c[keyPath: path]) { x in
          var moved = c
          moved[keyPath: path] = x
          return GradientCheck.dot(moved.forward.o, c.dO)
        }
        #expect(error < 1e-6, "\(name), \(tensor)")
      }
    }
  }

  @Test func `belong to the forward pass of the plain oracle`() throws {
    for (name, c) in try NeighborhoodCase.all() where c.problem.isPlain {
      let plain = Reference.neighborhoodAttention(
        c.problem, q: c.q, k: c.k, v: c.v, extraK: c.extraK, extraV: c.extraV)
      let extended = c.forward
      #expect(zip(plain.o, extended.o).allSatisfy { abs($0 - $1) < 1e-14 }, "\(name)")
      #expect(zip(plain.lse, extended.lse).allSatisfy { abs($0 - $1) < 1e-14 }, "\(name)")
      #expect(plain.keyCount == extended.keyCount, "\(name)")
    }
  }

  @Test func `with a window as long as the axis are those of dense attention`() throws {
    for causal in [false, true] {
      let c = try NeighborhoodCase(
        31, [Axis(length: 5, window: 5, causal: causal)], batch: 2, heads: 4)
      func tensor(_ dimensions: [Int]) throws -> (shape: Shape, dtype: DType) {
        (try Shape(dimensions), .f32)
      }
      let dense = try AttentionProblem(
        q: tensor([2, 5, 4, 3]), k: tensor([2, 5, 2, 3]), v: tensor([2, 5, 2, 2]), causal: causal)
      let forward = Reference.attention(dense, q: c.q, k: c.k, v: c.v)
      let backward = Reference.attentionBackward(dense, q: c.q, k: c.k, v: c.v, dO: c.dO)
      #expect(forward.o == c.forward.o && forward.lse == c.forward.lse)
      #expect(backward.dq.values == c.backward.dq.values)
      #expect(backward.dk.values == c.backward.dk.values)
      #expect(backward.dv.values == c.backward.dv.values)
    }
  }

  @Test func `of the unfused halves chain to those of the whole`() throws {
    for (name, c) in try NeighborhoodCase.all() where c.problem.extraKeys == 0 {
      let (p, whole) = (c.problem, c.backward)
      let scores = Reference.naQK(p, q: c.q, k: c.k, bias: c.bias, keyMask: c.keyMask)
      let length = p.windowKeys
      let lse = c.forward.lse
      // −inf stays 0, and rows without keys are 0 all over.
      let weights = scores.enumerated().map { index, score in
        score == -.infinity ? 0 : Foundation.exp(score - lse[index / length])
      }
      let o = Reference.naAV(p, weights: weights, v: c.v)
      #expect(zip(o, c.forward.o).allSatisfy { abs($0 - $1) < 1e-13 }, "\(name)")
      let values = Reference.naAVBackward(p, weights: weights, v: c.v, dO: c.dO)
      var dScores = weights
      for row in lse.indices {
        let range = (row * length)..<((row + 1) * length)
        let delta = range.reduce(0) { $0 + weights[$1] * values.dWeights.values[$1] }
        for i in range { dScores[i] = weights[i] * (values.dWeights.values[i] - delta) }
      }
      let keys = Reference.naQKBackward(
        p, q: c.q, k: c.k, keyMask: c.keyMask, dScores: dScores)
      for (one, other) in [
        (values.dv, whole.dv), (keys.dq, whole.dq), (keys.dk, whole.dk), (keys.dBias, whole.dBias),
      ] {
        #expect(one.values.count == other.values.count, "\(name)")
        #expect(zip(one.values, other.values).allSatisfy { abs($0 - $1) < 1e-13 }, "\(name)")
      }
    }
  }

  @Test func `of the unfused halves are those of central differences`() throws {
    let c = try NeighborhoodCase(
      33, [Axis(length: 5, window: 3, stride: 2, causal: true)], heads: 2, kvHeads: 1, bias: true)
    var random = SeededRandom(34)
    let scores = Reference.naQK(c.problem, q: c.q, k: c.k, bias: c.bias)
    let dScores = random.doubles(scores.count)
    func loss(_ q: [Double], _ k: [Double], _ bias: [Double]) -> Double {
      let values = Reference.naQK(c.problem, q: q, k: k, bias: bias)
      return zip(values, dScores).reduce(0) { $1.0 == -.infinity ? $0 : $0 + $1.0 * $1.1 }
    }
    let keys = Reference.naQKBackward(c.problem, q: c.q, k: c.k, dScores: dScores)
    #expect(GradientCheck.error(of: keys.dq.values, at: c.q) { loss($0, c.k, c.bias) } < 1e-6)
    #expect(GradientCheck.error(of: keys.dk.values, at: c.k) { loss(c.q, $0, c.bias) } < 1e-6)
    #expect(GradientCheck.error(of: keys.dBias.values, at: c.bias) { loss(c.q, c.k, $0) } < 1e-6)

    // Weights past the end of a window are not read.
    let weights = zip(random.doubles(scores.count), scores).map { $1 == -.infinity ? .nan : $0 }
    let clean = weights.map { $0.isNaN ? 0 : $0 }
    #expect(weights.contains { $0.isNaN })
    let values = Reference.naAVBackward(c.problem, weights: weights, v: c.v, dO: c.dO)
    let errors = [
      GradientCheck.error(of: values.dWeights.values, at: clean) {
        GradientCheck.dot(Reference.naAV(c.problem, weights: $0, v: c.v), c.dO)
      },
      GradientCheck.error(of: values.dv.values, at: c.v) {
        GradientCheck.dot(Reference.naAV(c.problem, weights: weights, v: $0), c.dO)
      },
    ]
    #expect(errors.allSatisfy { $0 < 1e-6 }, "\(errors)")
    #expect(zip(values.dWeights.values, weights).allSatisfy { !$1.isNaN || $0 == 0 })
  }

  @Test func `of a plain evaluation pass the judge, wrong ones do not`() throws {
    let c = try NeighborhoodCase(
      35, [Axis(length: 12, window: 5), Axis(length: 6, window: 3)], heads: 4, d: 8, dv: 8,
      extra: 2, bias: true)
    let gold = c.backward
    let plain = Reference.plainNeighborhoodAttentionBackward(
      c.problem, q: c.q, k: c.k, v: c.v, extraK: c.extraK, extraV: c.extraV, bias: c.bias,
      dO: c.dO)
    for path in [
      \.dq, \.dk, \.dv, \.dExtraK, \.dExtraV, \.dBias,
    ] as [KeyPath<AttentionGradients, Gradient>] {
      let values = plain[keyPath: path].values
      func verdict(_ x: [Double]) -> Judge.Verdict {
        Judge.gradient(x, gold: gold[keyPath: path], plain: values, rowLength: 8, dtype: .f32)
      }
      #expect(verdict(values).passed && verdict(values).report.total > 1e-9, "\(verdict(values))")
      #expect(!verdict(values.map { $0 * 0.9999 }).passed)
    }
    let o = Reference.plainExtendedNeighborhoodAttention(
      c.problem, q: c.q, k: c.k, v: c.v, extraK: c.extraK, extraV: c.extraV, bias: c.bias)
    #expect(Judge.attention(c.problem, o, gold: c.forward, plain: o).passed)
  }
}
