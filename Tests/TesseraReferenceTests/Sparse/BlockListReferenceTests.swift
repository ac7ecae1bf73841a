import Foundation
import TesseraCore
import TesseraReference
import Testing

@Suite struct `Block-list attention oracle` {
  @Test func `gradients are those that central differences have`() throws {
    for (name, c) in try BlockListCase.all() {
      let gradients = c.backward
      for (tensor, gradient, path) in [
        ("dq", gradients.dq, \.q), ("dk", gradients.dk, \.k), ("dv", gradients.dv, \.v),
        ("dSinks", gradients.dSinks, \.sinks),
      ] as [(String, Gradient, WritableKeyPath<BlockListInputs, [Double]>)] {
        let error = GradientCheck.error(of: gradient.values, at: c.inputs[keyPath: path]) { x in
          var moved = c
          moved.inputs[keyPath: path] = x
          return GradientCheck.dot(moved.forward.o, c.dO)
        }
        #expect(error < 1e-6, "\(name), \(tensor)")
      }
    }
  }

  @Test func `values are those of a softmax over the keys by hand`() throws {
    for (name, c) in try BlockListCase.all() where c.problem.attention.softCap == nil {
      let (a, keys) = (c.problem.attention, Reference.attendedKeys(c.problem, c.inputs))
      let result = c.forward
      for row in keys.indices {
        let (head, d, dv) = (row % a.heads, a.headDim, a.valueDim)
        let vectors = keys[row].map { $0 * a.kvHeads + head / a.group }
        let weights = vectors.map { vector in
          let score = (0..<d).reduce(0.0) {
            $0 + c.inputs.q[row * d + $1] * c.inputs.k[vector * d + $1]
          }
          return Foundation.exp(Double(a.scale) * score)
        }
        let sink = c.problem.sinks ? Foundation.exp(c.inputs.sinks[head]) : 0
        let sum = weights.reduce(sink, +)
        #expect(abs(result.lse[row] - Foundation.log(sum)) < 1e-12 || sum == 0, "\(name)")
        #expect((sum == 0) == (result.lse[row] == -.infinity), "\(name)")
        for i in 0..<dv {
          let o = zip(weights, vectors).reduce(0.0) { $0 + $1.0 * c.inputs.v[$1.1 * dv + i] }
          #expect(abs(result.o[row * dv + i] - (sum == 0 ? 0 : o / sum)) < 1e-12, "\(name)")
        }
      }
    }
  }

  @Test func `keys are those that the definition names`() throws {
    func keys(_ index: Int) throws -> [[Int]] {
      let c = try BlockListCase.all()[index].case
      let all = Reference.attendedKeys(c.problem, c.inputs)
      // Of the first head of every query.
      return stride(from: 0, to: all.count, by: c.problem.attention.heads).map { all[$0] }
    }
    #expect(try keys(0) == [[0, 1, 6], [0, 1, 6], [2, 3, 4, 5], [2, 3, 4, 5]])
    #expect(try keys(2) == [[4, 5], [4, 5], [], [], [0, 1, 6]])
    #expect(try keys(3) == [[2, 3], [2, 3], [0, 1, 4, 5], [0, 1, 4, 5]])
    // Queries stand at 3, 4, 5, 6.
    #expect(try keys(6) == [[0], [1, 4], [5], [0, 2]])
    #expect(try keys(7) == [[0, 1, 2, 3], [0, 1, 2, 3, 4], [4, 5], [5, 6]])
    #expect(try keys(8) == [[0, 1, 2, 3, 4], [0, 1, 3, 4, 5], [4, 5, 6], [5, 6]])
    // Sequences of 3, 0 and 3 queries over 2, 2 and 4 keys, or 1, 1 and 2 blocks; the
    // last row of the list lists none of them, and token 6 belongs to no sequence.
    let packed = try keys(10)
    #expect(packed == [[], [0], [0, 1], [4, 5], [4, 5, 6], [7], []])
  }

  @Test func `with every block listed is dense attention`() throws {
    let c = try BlockListCase.all()[1].case
    let (i, p) = (c.inputs, c.problem.attention)
    let dense = Reference.attention(p, q: i.q, k: i.k, v: i.v)
    let gradients = Reference.attentionBackward(p, q: i.q, k: i.k, v: i.v, dO: c.dO)
    #expect(dense.o == c.forward.o && dense.lse == c.forward.lse)
    #expect(gradients.dq.values == c.backward.dq.values)
    #expect(gradients.dk.values == c.backward.dk.values)
    #expect(gradients.dv.values == c.backward.dv.values)
  }

  @Test func `plain evaluations pass the judge, wrong ones do not`() throws {
    let c = try BlockListCase(
      21, nq: 24, nk: 50, heads: 4, d: 16, dv: 8, queryBlock: 8, keyBlock: 8,
      indices: [[0, 1, 2], [2, 3, 5], [1, 4, 6]], sinks: true, window: (3, 0), causal: true)
    let plain = Reference.plainBlockListAttention(c.problem, c.inputs)
    #expect(
      Judge.attention(c.problem.attention, plain, gold: c.forward, plain: plain).passed)
    let off = plain.map { $0 * 1.00001 }
    #expect(!Judge.attention(c.problem.attention, off, gold: c.forward, plain: plain).passed)
    let backward = c.backward
    let plainBackward = Reference.plainBlockListAttentionBackward(c.problem, c.inputs, dO: c.dO)
    for (path, length) in [(\.dq, 16), (\.dk, 16), (\.dv, 8), (\.dSinks, 4)]
      as [(KeyPath<AttentionGradients, Gradient>, Int)]
    {
      let values = plainBackward[keyPath: path].values
      func passes(_ x: [Double]) -> Bool {
        Judge.gradient(
          x, gold: backward[keyPath: path], plain: values, rowLength: length, dtype: .f32
        ).passed
      }
      #expect(passes(values) && !passes(values.map { $0 * 0.9999 }))
    }
  }
}
