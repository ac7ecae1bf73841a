package import Tessera
package import TesseraCore

/// Another library's matrix product over the same data, timed beside ours.
package protocol GEMMPeer: Sendable {
  static var name: String { get }
  /// Readies the peer for one problem, or says why it cannot run there.
  static func contender(
    _ problem: GEMMProblem, a: HostTensor, b: HostTensor, beside device: Device
  ) -> Result<(contender: Contender, result: () throws(TesseraError) -> HostTensor), PeerAbsence>
}

/// Why a peer was not run.
package struct PeerAbsence: Error, Sendable {
  package var reason: String
}
