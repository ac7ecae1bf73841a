package import TesseraCore
package import TesseraReference

/// The tensors of one attention over a paged cache, on the host.
package struct PagedTensors: Sendable {
  package let problem: PagedProblem
  package let q: HostTensor
  package let k: HostTensor
  package let v: HostTensor
  package let blockTable: HostTensor
  package let lengths: HostTensor
  package let indices: HostTensor?
  package let counts: HostTensor?
  package let sinks: HostTensor?
  package let keyParameters: HostTensor?
  package let valueParameters: HostTensor?

  package init(
    _ problem: PagedProblem, q: HostTensor, k: HostTensor, v: HostTensor, blockTable: HostTensor,
    lengths: HostTensor, indices: HostTensor? = nil, counts: HostTensor? = nil,
    sinks: HostTensor? = nil, keyParameters: HostTensor? = nil, valueParameters: HostTensor? = nil
  ) {
    self.problem = problem
    self.q = q
    self.k = k
    self.v = v
    self.blockTable = blockTable
    self.lengths = lengths
    self.indices = indices
    self.counts = counts
    self.sinks = sinks
    self.keyParameters = keyParameters
    self.valueParameters = valueParameters
  }

  /// In the order of a plan's operands.
  package var operands: [HostTensor?] {
    [
      q, k, v, blockTable, lengths, indices, counts, sinks, keyParameters, valueParameters,
    ]
  }

  /// O and LSE in f64.
  package func gold() -> AttentionOracle { Reference.pagedAttention(problem, inputs) }

  /// O evaluated plainly in f32.
  package func plain() -> [Double] { Reference.plainPagedAttention(problem, inputs) }

  private var inputs: PagedInputs {
    PagedInputs(
      q: q.doubles(),
      k: Reference.elements(
        problem.keys, heads: problem.kvHeads, dim: problem.headDim, k.doubles(),
        parameters: keyParameters?.doubles() ?? []),
      v: Reference.elements(
        problem.values, heads: problem.kvHeads, dim: problem.valueDim, v.doubles(),
        parameters: valueParameters?.doubles() ?? []), blockTable: blockTable.integers,
      lengths: lengths.integers, indices: indices?.integers ?? [],
      counts: counts?.integers ?? [], sinks: sinks?.doubles() ?? [])
  }
}
