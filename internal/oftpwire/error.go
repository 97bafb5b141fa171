package oftpwire

import "fmt"

// The End Session reasons that a codec has use for (RFC 5024 section 5.3.11).
const (
	reasonUnknownCommand = 1
	reasonInvalidData    = 6
	reasonBufferSize     = 7
)

// Error says why an exchange buffer cannot be read, or why a command cannot be
// written. It never quotes a password.
type Error struct {
	// Reason is the End Session reason code that answers the fault: 1 for a
	// command that the level does not know, 6 for a field with invalid data, 7
	// for a buffer whose length does not match its content.
	Reason int

	// Command is the command at fault, 0 for a fault of the stream transmission
	// header.
	Command ID

	// Field is the RFC's name of the field, such as "SSIDSDEB", or empty.
	Field string

	// Detail says what is wrong, for people.
	Detail string
}

// Error returns "SSID: SSIDSDEB: detail (reason 06)", without the parts that
// are unknown.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s (reason %02d)", e.Detail, e.Reason)
	if e.Field != "" {
		s = e.Field + ": " + s
	}
	if e.Command != 0 {
		s = e.Command.String() + ": " + s
	}
	return s
}
