package oftp

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/trap"
)

// trail fires PITrail and Log for a command; cmd is nil for DATA.
func (s *session) trail(id oftpwire.ID, cmd oftpwire.Command, raw []byte, d Direction) {
	level, least := LogLevel(s.values().logLevel), LogInfo
	if id == oftpwire.IDDATA || id == oftpwire.IDCDT {
		least = LogVerbose // a file has thousands of them
	}
	logs := s.events.OnLog != nil && level >= least
	if s.events.OnPITrail == nil && !logs {
		return
	}
	// The octets are somebody else's soon, and may hold a password.
	raw = bytes.Clone(raw)
	masked := s.house.core.MaskSensitive()
	if masked {
		oftpwire.Mask(raw)
	}
	text := describe(id, cmd, raw, masked)
	s.piTrail(id, raw, text, d)
	if logs {
		s.log(logMessage(level, id, raw, text, d))
	}
}

func describe(id oftpwire.ID, cmd oftpwire.Command, raw []byte, masked bool) string {
	switch {
	case cmd == nil:
		return fmt.Sprintf("%v %d octets", id, len(raw))
	case masked:
		return oftpwire.Describe(cmd)
	}
	return oftpwire.DescribeWithSecrets(cmd)
}

func (s *session) piTrail(id oftpwire.ID, raw []byte, text string, d Direction) {
	hook := s.events.OnPITrail
	if hook == nil {
		return
	}
	e := &PITrailEvent{
		ConnectionID:       s.conn.ID(),
		Connection:         s.c,
		Direction:          d,
		Data:               raw,
		CommandID:          CommandID(id),
		CommandDescription: id.Description(),
	}
	if s.values().friendlyLog {
		e.Data = []byte(text)
	}
	s.tell(func() { hook(e) })
}

// logMessage is what the Log event says of a command at a level.
func logMessage(level LogLevel, id oftpwire.ID, raw []byte, text string, d Direction) (LogLevel, string) {
	who := "client"
	if d == FromServer {
		who = "server"
	}
	switch level {
	case LogInfo:
		return LogInfo, who + ": " + id.Description()
	case LogVerbose:
		return LogVerbose, who + ": " + text
	}
	return LogDebug, who + ": " + text + "\n" + hex.Dump(raw)
}

func (s *session) log(level LogLevel, message string) {
	s.fireLog(level, message, "OFTP")
}

// logf logs what is no command.
func (s *session) logf(level LogLevel, format string, args ...any) {
	if LogLevel(s.values().logLevel) >= level {
		s.fireLog(level, fmt.Sprintf(format, args...), "Info")
	}
}

func (s *session) fireLog(level LogLevel, message, kind string) {
	hook := s.events.OnLog
	if hook == nil {
		return
	}
	e := &LogEvent{ConnectionID: s.conn.ID(), Connection: s.c, LogLevel: level, Message: message, LogType: kind}
	s.tell(func() { hook(e) })
}

// report fires Error for trouble that no caller hears of.
func (s *session) report(err *trap.Error) {
	hook := s.events.OnError
	if hook == nil {
		return
	}
	e := &ErrorEvent{ConnectionID: s.conn.ID(), Connection: s.c, ErrorCode: err.Code, Description: err.Message}
	s.tell(func() { hook(e) })
}
