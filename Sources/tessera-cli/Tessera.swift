import ArgumentParser
import TesseraCore

/// The `tessera` command.
@main struct TesseraCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tessera",
    abstract: "Runs, plans, verifies and measures GPU kernels over OpenCL, Vulkan and the CPU.",
    discussion: """
      Results go to standard output, everything else to standard error. Exit codes: 0 done, \
      1 a comparison found slower rows, 64 usage, 65 bad input data, 69 device unavailable, 70 internal, \
      71 device lost or out of memory, 74 file error.

      Environment: TESSERA_DEVICE, TESSERA_CACHE (off or a folder), TESSERA_LOG (level), \
      TESSERA_BOUNDS (off, validate or enforce), TESSERA_TUNE (off, cached, on-demand, full), \
      TESSERA_CPU_THREADS, TESSERA_TRACE (a file), TESSERA_OPENCL_LIBRARY, TESSERA_VULKAN_LIBRARY.
      """,
    version: Version.current,
    subcommands: [
      DevicesCommand.self, DoctorCommand.self, RunCommand.self, PlanCommand.self,
      BenchCommand.self, TuneCommand.self, CompareCommand.self, ProfileCommand.self, ExplainCommand.self,
      SelftestCommand.self, DemoCommand.self,
    ])

  static func main() {
    Console.lineBufferOutput()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as TesseraError {
      Console.error("error: \(error)")
      exit(withCode: ExitStatus(error))
    } catch {
      exit(withError: error)
    }
  }

  private static func exit(withCode status: ExitStatus) -> Never {
    exit(withError: ExitCode(status.rawValue))
  }
}
