import Tessera

/// O and LSE for a backward pass: from the inputs, or from a forward pass.
struct GivenForward {
  let o: HostTensor?
  let lse: HostTensor?

  /// Finds o and lse among the inputs.
  /// - Throws: `invalidArgument` if only one of them is there.
  init(_ tensors: [String: HostTensor]) throws(TesseraError) {
    (o, lse) = (tensors["o"], tensors["lse"])
    guard (o == nil) == (lse == nil) else {
      throw .invalidArgument(
        o == nil ? "input o" : "input lse", got: "none", allowed: "both o and lse, or neither")
    }
  }

  /// Both on `device`, computed by `forward` if they were not given.
  func tensors(
    on device: Device, forward: () throws(TesseraError) -> AttentionResult
  ) throws(TesseraError) -> (o: Tensor, lse: Tensor, ran: Bool) {
    if let o, let lse { return (try Tensor(o, on: device), try Tensor(lse, on: device), false) }
    let result = try forward()
    return (result.output, result.logSumExp, true)
  }
}
