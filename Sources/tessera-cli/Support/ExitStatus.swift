import TesseraCore

/// Exit codes of the command line, by sysexits(3).
enum ExitStatus: Int32 {
  case done = 0
  /// A comparison found rows that became slower.
  case regression = 1
  case usage = 64
  case badData = 65
  case unavailable = 69
  case `internal` = 70
  case deviceTrouble = 71
  case file = 74

  /// The code for an error that ended the command.
  init(_ error: TesseraError) {
    switch error.code {
    case .invalidArgument, .malformedData, .overLimit: self = .badData
    case .unavailable, .unsupported: self = .unavailable
    case .outOfMemory, .deviceLost, .timedOut, .poisoned: self = .deviceTrouble
    case .io: self = .file
    default: self = .internal
    }
  }
}
