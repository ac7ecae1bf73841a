package import TesseraCore
import TesseraReference

extension Verifier {
  /// Results of native sparse attention; branches, LSE and lists may be missing where only O is looked at.
  package struct NSAResults {
    package var o: HostTensor
    package var compressed: HostTensor
    package var selected: HostTensor
    package var window: HostTensor?
    package var indices: HostTensor
    package var counts: HostTensor?
    /// LSE of the branches that there are, in their order.
    package var lse: [HostTensor]

    package init(
      o: HostTensor, compressed: HostTensor, selected: HostTensor, window: HostTensor?,
      indices: HostTensor, counts: HostTensor? = nil, lse: [HostTensor] = []
    ) {
      self.o = o
      self.compressed = compressed
      self.selected = selected
      self.window = window
      self.indices = indices
      self.counts = counts
      self.lse = lse
    }
  }

  /// Judges native sparse attention: the lists by the oracle's importance, the selected branch by the
  /// lists there are, O by the branches there are.
  package static func nsa(_ tensors: NSATensors, _ results: NSAResults) -> Verification {
    let (problem, inputs) = (tensors.problem, tensors.inputs)
    let lists = results.indices.integers
    let importance = Reference.nsaImportance(problem, inputs)
    let counts =
      results.counts?.integers
      ?? stride(from: 0, to: lists.count, by: problem.top).map { start in
        lists[start..<(start + problem.top)].count { $0 >= 0 }
      }
    let branches = Reference.nsaBranches(problem, inputs, lists: lists)
    let outputs = [results.compressed, results.selected] + (results.window.map { [$0] } ?? [])
    var verdicts: [(String, Judge.Verdict)] = [
      (
        "lists",
        Judge.selection(
          problem.selection, scores: importance.scores, uncertainty: importance.uncertainty,
          indices: lists, counts: counts)
      ),
      (
        "o",
        Judge.gated(
          problem, results.o.doubles(), gates: inputs.gates, branches: outputs.map { $0.doubles() })
      ),
    ]
    for (index, name) in ["cmp", "slc", "win"].prefix(outputs.count).enumerated() {
      verdicts.append(
        (
          "o_\(name)",
          Judge.attention(
            problem.windowed, outputs[index].doubles(), gold: branches.gold[index],
            plain: branches.plain[index])
        ))
      if index < results.lse.count {
        verdicts.append(
          (
            "lse_\(name)",
            Judge.logSumExp(
              problem.windowed, results.lse[index].doubles(), gold: branches.gold[index])
          ))
      }
    }
    return Verification(verdicts)
  }

  /// Judges the gradients of native sparse attention for given lists; optional ones in the order k_win,
  /// v_win, k_cmp, v_cmp, where the problem has them.
  package static func nsaBackward(
    _ tensors: NSATensors, lists: [Int], dO: HostTensor, dQ: HostTensor, dK: HostTensor,
    dV: HostTensor, dGates: HostTensor, more: [HostTensor]
  ) -> Verification {
    let (problem, inputs) = (tensors.problem, tensors.inputs)
    let branches = Reference.nsaBranches(problem, inputs, lists: lists)
    let (gold, plain) = Reference.nsaBackward(
      problem, inputs, lists: lists, branches: branches, dO: dO.doubles())
    let (d, dv, dtype) = (problem.headDim, problem.valueDim, problem.dtype)
    var verdicts = [
      gradient("dq", dQ, gold.dq, plain.dq, d, dtype),
      gradient("dk", dK, gold.dk, plain.dk, d, dtype),
      gradient("dv", dV, gold.dv, plain.dv, dv, dtype),
      gradient("dgates", dGates, gold.dGates, plain.dGates, 3, dtype),
    ]
    var rest = more[...]
    func next(_ name: String, _ x: Gradient, _ y: Gradient, _ dim: Int) {
      guard let tensor = rest.popFirst() else { return }
      verdicts.append(gradient(name, tensor, x, y, dim, dtype))
    }
    if problem.ownWindow {
      next("dk_win", gold.dkWindow, plain.dkWindow, d)
      next("dv_win", gold.dvWindow, plain.dvWindow, dv)
    }
    if problem.compression == .given {
      next("dk_cmp", gold.dkCompressed, plain.dkCompressed, d)
      next("dv_cmp", gold.dvCompressed, plain.dvCompressed, dv)
    }
    return Verification(verdicts)
  }

  /// Judges a selection from given scores: exactly the oracle's lists.
  package static func selection(
    _ problem: SelectionProblem, scores: HostTensor, indices: HostTensor, counts: HostTensor
  ) -> Verification {
    let values = scores.doubles()
    return Verification([
      (
        "lists",
        Judge.selection(
          problem, scores: values, uncertainty: values.map { _ in 0 }, indices: indices.integers,
          counts: counts.integers)
      )
    ])
  }

  /// Judges a selection from queries and keys.
  package static func selection(
    _ scoring: BlockScoreProblem, _ problem: SelectionProblem, q: HostTensor, k: HostTensor,
    indices: HostTensor, counts: HostTensor
  ) -> Verification {
    let gold = Reference.blockScores(scoring, q: q.doubles(), k: k.doubles())
    return Verification([
      (
        "lists",
        Judge.selection(
          problem, scores: gold.scores, uncertainty: gold.uncertainty, indices: indices.integers,
          counts: counts.integers)
      )
    ])
  }
}
