import ArgumentParser

/// `tessera run OP`
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Runs one operator on tensors from files.",
    subcommands: [
      RunGEMM.self, RunAttention.self, RunNeighborhood.self, RunSparseAttention.self,
      RunPagedDecode.self, RunQuantize.self, RunDequantize.self,
      RunPattern.self, RunSelectBlocks.self, RunNSA.self, PlanCommand.self,
    ])
}
