import Tessera
import TesseraCore
import TesseraKernels

/// PyTorch's attention over the same shapes and random data of the same distribution, which it draws itself:
/// `scaled_dot_product_attention` of all tokens, and for neighborhood attention compiled FlexAttention too.
extension TorchPeer {
  /// What PyTorch can be asked for beside an attention: names and requests.
  static func requests(
    _ attention: BenchAttention, backward: Bool
  ) -> [(name: String, request: String)] {
    let gradients = backward ? 1 : 0
    switch attention {
    case .dense(let problem):
      guard !problem.packed, problem.windowLeft == nil, problem.windowRight == nil,
        problem.softCap == nil, !problem.alibi,
        !problem.causal || problem.queryLength == problem.keyLength
      else { return [] }
      let sizes = [
        problem.batch, problem.queryLength, problem.keyLength, problem.heads, problem.kvHeads,
        problem.headDim, problem.valueDim, problem.causal ? 1 : 0, gradients,
      ]
      return [("sdpa", "sdpa \(words(sizes)) \(problem.dtype)")]
    case .neighborhood(let problem):
      guard problem.heads == problem.kvHeads, problem.headDim == problem.valueDim,
        problem.extraKeys == 0, problem.isPlain
      else { return [] }
      let tokens = problem.tokens
      let all = [
        problem.batch, tokens, tokens, problem.heads, problem.heads, problem.headDim,
        problem.headDim, 0, gradients,
      ]
      let lists = [
        problem.axes.map(\.length), problem.axes.map(\.window), problem.axes.map(\.stride),
        problem.axes.map(\.dilation), problem.axes.map { $0.causal ? 1 : 0 },
      ].map { $0.map(String.init).joined(separator: ",") }.joined(separator: " ")
      let own = words([problem.batch, problem.heads, problem.headDim, gradients])
      return [
        ("sdpa", "sdpa \(words(all)) \(problem.dtype)"),
        ("flex", "flex \(own) \(problem.dtype) \(lists)"),
      ]
    case .lists: return []
    }
  }

  /// Readies the child for a request, beside others of other names.
  static func contender(
    _ name: String, _ request: String, beside device: Device
  ) -> Result<(Plan?, Contender), PeerAbsence> {
    guard device.context.capabilities.computeCapability != nil || device.info.name.contains("NVIDIA")
    else { return .failure(PeerAbsence(reason: "compared on NVIDIA GPUs only")) }
    do throws(TesseraError) {
      return .success((nil, timed(name, try TorchCall(request), beside: device)))
    } catch {
      return .failure(PeerAbsence(reason: error.message))
    }
  }

  private static func words(_ numbers: [Int]) -> String {
    numbers.map(String.init).joined(separator: " ")
  }
}
