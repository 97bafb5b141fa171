package oftp

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/ediport/ediport/internal/oftpfile"
	"github.com/ediport/ediport/internal/trap"
)

// Error is the error type of this package: Code is a number of the component's
// error tables, Message says what happened, and the cause is reached by
// errors.Is and errors.As.
type Error = trap.Error

// Codes of the component's own table. The documents give 675 to an unknown SSID
// and to an unknown SFID; the second never ends a session, so 675 is the first.
const (
	CodeProtocol        = 671 // the protocol was violated, or the session has failed
	CodeNoServerSSID    = 672 // ServerSSIDCode must be set before listening
	CodeNoServerSFID    = 673 // ServerSFIDCode must be set before listening
	CodeUnknownSSID     = 675 // the peer ended the session: it does not know our code
	CodeUnknownPassword = 677 // the peer ended the session: wrong password
	CodeBuild           = 678 // a command could not be built from what was given
	CodeReadFile        = 679 // the file cannot be read
	CodeDate            = 680 // a date and time stamp is not valid, or belongs to no file
	CodeFileExists      = 681 // the local file exists and may not be overwritten
	CodeSend            = 687 // sending failed; the message says why
	CodeNeeds20         = 688 // that needs OFTP 2.0
	CodeImport          = 691 // the trusted certificates cannot be imported
)

// Sentinels for errors.Is. Two errors with the same Code are equal to it.
var (
	ErrAlreadyListening  = trap.ErrAlreadyListening  // 104
	ErrInvalidConnection = trap.ErrInvalidConnection // 126: no connection has that ConnectionID
	ErrInterrupted       = trap.ErrInterrupted       // 10004: Interrupt has ended the send
	ErrBusy              = trap.ErrBusy              // 10036: another method is using the session
	ErrNotSupported      = trap.ErrNotSupported      // 10045
	ErrNotConnected      = trap.ErrNotConnected      // 10057
	ErrTimedOut          = trap.ErrTimedOut          // 10060
	ErrSend              = &Error{Code: CodeSend, Message: "send failed"}
)

// SessionError is the cause of an [Error] when a session was ended by an End
// Session command (ESID) that is not the normal one.
type SessionError struct {
	Reason int    // RFC 5024, section 5.3.11
	Text   string // what the sender of the command says
	ByPeer bool   // the peer has ended the session, not we
}

// Error tells who ended the session and why.
func (e *SessionError) Error() string {
	who := "session ended"
	if e.ByPeer {
		who = "session ended by the peer"
	}
	text := withWords(esidTexts[e.Reason], e.Text)
	return fmt.Sprintf("%s, reason %02d: %s", who, e.Reason, text)
}

// coded gives the session's end the component's code.
func (e *SessionError) coded() *Error {
	code := CodeProtocol
	switch {
	case e.Reason == reasonTimeOut && !e.ByPeer:
		code = trap.CodeTimedOut
	case e.Reason == reasonUnknownUser:
		code = CodeUnknownSSID
	case e.Reason == reasonPassword:
		code = CodeUnknownPassword
	}
	return trap.New(code, "%w", e)
}

// FileError is the cause of an [Error] when the peer has refused a file, before
// its transfer (SFNA) or after it (EFNA).
type FileError struct {
	Reason int    // RFC 5024, sections 5.3.5 and 5.3.10
	Text   string // what the peer says
	Retry  bool   // the peer may take the file later (SFNA)
	After  bool   // it was refused after the transfer
}

// Error tells why the file was refused.
func (e *FileError) Error() string {
	when := "refused"
	if e.After {
		when = "refused after its transfer"
	}
	text := withWords(fileTexts[e.Reason], e.Text)
	again := ""
	if e.Retry {
		again = "; it may be offered again later"
	}
	return fmt.Sprintf("%s, reason %02d: %s%s", when, e.Reason, text, again)
}

// withWords adds what a peer says to the text of a reason. Of what the peer has
// put in for logs and terminals to take for something else, marks remain.
func withWords(text, words string) string {
	if words == "" || words == text {
		return text
	}
	return text + " (" + strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, words) + ")"
}

// Reasons of ESID, RFC 5024 section 5.3.11, that the session itself gives.
const (
	reasonNormal      = 0
	reasonUnknownUser = 3
	reasonPassword    = 4
	reasonEmergency   = 5
	reasonResources   = 8
	reasonTimeOut     = 9
	reasonMode        = 10
	reasonUnspecified = 99
)

var esidTexts = map[int]string{
	0:  "normal end",
	1:  "command not recognised",
	2:  "protocol violation",
	3:  "user code not known",
	4:  "invalid password",
	5:  "local site emergency close down",
	6:  "command contained invalid data",
	7:  "exchange buffer size error",
	8:  "resources not available",
	9:  "time out",
	10: "mode or capabilities incompatible",
	11: "invalid challenge response",
	12: "secure authentication requirements incompatible",
	99: "unspecified",
}

// Reasons of SFNA and EFNA that the session itself gives.
const (
	fileBadDestination = 2
	fileBadFormat      = 4
	fileTooBig         = 6
	fileCipherSuite    = 15
	fileEncrypted      = 16
	fileCompressed     = 18
	fileSigned         = 19
	fileUnspecified    = 99
)

var fileTexts = map[int]string{
	1:  "invalid file name",
	2:  "invalid destination",
	3:  "invalid origin",
	4:  "storage record format not supported",
	5:  "maximum record length not supported",
	6:  "file size is too big",
	10: "invalid record count",
	11: "invalid byte count",
	12: "access method failure",
	13: "duplicate file",
	14: "file direction refused",
	15: "cipher suite not supported",
	16: "encrypted file not allowed",
	17: "unencrypted file not allowed",
	18: "compression not allowed",
	19: "signed file not allowed",
	20: "unsigned file not allowed",
	21: "invalid file signature",
	22: "file decryption failure",
	23: "file decompression failure",
	99: "unspecified reason",
}

// Reasons of NERP, RFC 5024 section 5.3.14, that are not derived from others.
var endTexts = map[int]string{
	3:  "user code not known",
	4:  "invalid password",
	9:  "unspecified reason of the session's end",
	31: "file signature not valid",
	32: "file decompression failed",
	33: "file decryption failed",
	34: "file processing failed",
	35: "not delivered to recipient",
	36: "not acknowledged by recipient",
	50: "transmission stopped by the operator",
	90: "file size incompatible with the recipient's protocol version",
	99: "unspecified reason",
}

const (
	endStopped     = 50
	endUnspecified = 99
)

// endReason is the end response reason for a file's answer reason.
func endReason(fileReason int) int {
	switch {
	case fileReason == 0:
		return 0
	case fileReason == 21:
		return 31
	case fileReason == 22:
		return 33
	case fileReason == 23:
		return 32
	case fileReason <= 20:
		return fileReason + 10
	}
	return 99
}

// endText is what an end response reason means.
func endText(reason int) string {
	if reason == 0 {
		return ""
	}
	if text, ok := endTexts[reason]; ok {
		return text
	}
	if text, ok := fileTexts[reason-10]; ok {
		return text
	}
	return "reason " + fmt.Sprint(reason)
}

// A reasoned error knows the answer reason of SFNA or EFNA that stands for it.
type reasoned struct {
	reason int
	text   string
}

func (e *reasoned) Error() string { return e.text }

// fileReason is the answer reason that stands for an error.
func fileReason(err error) int {
	var r *reasoned
	if errors.As(err, &r) {
		return r.reason
	}
	return oftpfile.Reason(err)
}

func notYet(what string) error {
	return trap.New(trap.CodeNotSupported, "%s needs CMS file security, which is not there yet", what)
}
