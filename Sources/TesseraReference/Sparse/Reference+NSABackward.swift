package import TesseraCore

extension Reference {
  /// The gradients of `Σ dO·O` of native sparse attention, for given lists, in f64 and evaluated plainly
  /// in f32 with what a program stores rounded to its type.
  package static func nsaBackward(
    _ problem: NSAProblem, _ inputs: NSAInputs, lists: [Int], branches: NSABranches, dO: [Double]
  ) -> (gold: NSAGradients, plain: NSAGradients) {
    let compressed = NSARows(problem, inputs)
    let selected = blockListInputs(problem, inputs, lists)
    let (k, v) = windowed(problem, inputs)
    let dtype = problem.dtype
    func gated(_ branch: Int, stored: Bool) -> [Double] {
      dO.indices.map {
        let x = inputs.gates[$0 / problem.valueDim * 3 + branch] * dO[$0]
        return stored ? dtype.nearest(x) : x
      }
    }
    var gold = [
      compressed.rows(Double.self).backward(dO: gated(0, stored: false)),
      blockListAttentionBackward(problem.selected, selected, dO: gated(1, stored: false)),
    ]
    var plain = [
      compressed.rows(Float.self).backward(dO: gated(0, stored: true)).stored(as: dtype),
      plainBlockListAttentionBackward(problem.selected, selected, dO: gated(1, stored: true)),
    ]
    if problem.window > 0 {
      gold.append(
        attentionBackward(problem.windowed, q: inputs.q, k: k, v: v, dO: gated(2, stored: false)))
      plain.append(
        plainAttentionBackward(
          problem.windowed, q: inputs.q, k: k, v: v, dO: gated(2, stored: true)))
    }
    return (
      join(problem, inputs, gold, gates: branches.gold.map(\.o), dO: dO),
      join(problem, inputs, plain, gates: branches.plain, dO: dO).stored(problem)
    )
  }

  private static func join(
    _ problem: NSAProblem, _ inputs: NSAInputs, _ parts: [AttentionGradients], gates: [[Double]],
    dO: [Double]
  ) -> NSAGradients {
    let zero = Gradient(count: problem.keyDimensions.reduce(1, *))
    let zeroV = Gradient(count: problem.valueDimensions.reduce(1, *))
    var result = NSAGradients(
      dq: parts.reduce(Gradient(count: parts[0].dq.values.count)) { $0.adding($1.dq) },
      dk: zero.adding(parts[1].dk), dv: zeroV.adding(parts[1].dv),
      dGates: Gradient(count: problem.gateDimensions.reduce(1, *)))
    if problem.compression == .given {
      (result.dkCompressed, result.dvCompressed) = (parts[0].dk, parts[0].dv)
    } else {
      result.dk = result.dk.adding(spread(parts[0].dk, problem, inputs, problem.headDim))
      result.dv = result.dv.adding(spread(parts[0].dv, problem, inputs, problem.valueDim))
    }
    if problem.ownWindow, parts.count > 2 {
      (result.dkWindow, result.dvWindow) = (parts[2].dk, parts[2].dv)
    } else if parts.count > 2 {
      result.dk = result.dk.adding(parts[2].dk)
      result.dv = result.dv.adding(parts[2].dv)
    }
    for (branch, o) in gates.enumerated() {
      for i in o.indices {
        let term = dO[i] * o[i]
        result.dGates.add(
          term, at: i / problem.valueDim * 3 + branch, noiseSquared: term * term)
      }
    }
    result.dGates.finish()
    return result
  }

  /// The gradient of tokens from that of their windows.
  private static func spread(
    _ gradient: Gradient, _ problem: NSAProblem, _ inputs: NSAInputs, _ dim: Int
  ) -> Gradient {
    var result = Gradient(count: problem.batch * problem.keyLength * problem.kvHeads * dim)
    result.terms = gradient.terms
    for b in 0..<problem.batch {
      for j in 0..<problem.compressedLength {
        for i in 0..<problem.span {
          for h in 0..<problem.kvHeads {
            let weight =
              problem.compression == .weighted
              ? inputs.weights[h * problem.span + i] : 1 / Double(problem.span)
            let token = b * problem.keyLength + j * problem.stride + i
            let (to, from) = (
              (token * problem.kvHeads + h) * dim,
              ((b * problem.compressedLength + j) * problem.kvHeads + h) * dim
            )
            for e in 0..<dim {
              let noise = weight * gradient.noise[from + e]
              result.add(
                weight * gradient.values[from + e], at: to + e, noiseSquared: noise * noise)
            }
          }
        }
      }
    }
    result.finish()
    return result
  }
}

extension Gradient {
  /// The sum of two gradients of one tensor.
  fileprivate func adding(_ other: Gradient) -> Gradient {
    var result = self
    result.terms = max(terms, other.terms)
    for i in values.indices {
      result.values[i] += other.values[i]
      result.noise[i] =
        (noise[i] * noise[i] + other.noise[i] * other.noise[i]).squareRoot()
    }
    return result
  }
}

extension NSAGradients {
  /// These gradients as a program stores them.
  fileprivate func stored(_ problem: NSAProblem) -> NSAGradients {
    var result = self
    for path in [
      \NSAGradients.dq, \.dk, \.dv, \.dkWindow, \.dvWindow, \.dkCompressed, \.dvCompressed,
    ] as [WritableKeyPath<NSAGradients, Gradient>] {
      result[keyPath: path].values = self[keyPath: path].values.map(problem.dtype.nearest)
    }
    result.dGates.values = dGates.values.map(problem.gateDType.nearest)
    return result
  }
}
