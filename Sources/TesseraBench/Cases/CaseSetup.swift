package import TesseraCore
package import TesseraKernels

/// A case made ready: what is verified and timed, its plan, and what runs beside it.
package struct CaseSetup {
  package var subject: Subject
  /// Counts the row's work.
  package var plan: Plan
  /// Seconds that the runs of one sample take together, where they can be timed so: the start of a kernel
  /// is then a small part of it, as in real use, where the next one is already queued.
  var span: Double?
  /// Readies others over the memory that the examination left.
  var makePeers: (Examination.Report) throws(TesseraError) -> PeerSet
  /// Fills in what a row has besides, given the peers' plans by name.
  package var complete: (inout BenchRow, [String: Plan]) -> Void

  package init(subject: Subject, plan: Plan) {
    self.subject = subject
    self.plan = plan
    makePeers = { _ throws(TesseraError) in PeerSet() }
    complete = { _, _ in }
  }

  package func peers(after report: Examination.Report) throws(TesseraError) -> PeerSet {
    try makePeers(report)
  }
}

/// What runs beside a case, and what does not.
package struct PeerSet {
  package var contenders: [Contender] = []
  /// Plans of those that are ours.
  package var plans: [String: Plan] = [:]
  /// Peers asked for and not run, with the reason.
  package var notRun: [String: String] = [:]

  package init() {}

  mutating func add(_ name: String, _ peer: Result<(Plan?, Contender), PeerAbsence>) {
    switch peer {
    case .success(let (plan, contender)):
      contenders.append(contender)
      plans[name] = plan
    case .failure(let absence): notRun[name] = absence.reason
    }
  }
}
