package oftpstate

// Event is something that happens to the machine, section 9.4 of RFC 5024.
// N_DATA_IND is not among them: the codec has turned it into a peer command or
// into [InvalidBuffer].
type Event uint8

// Events of the user monitor, that is the application or whoever acts for it.
const (
	ConnectRQ           Event = iota // F_CONNECT_RQ: open a session (Session)
	ConnectRS                        // F_CONNECT_RS: accept the peer's SSID (Session)
	StartFileRQ                      // F_START_FILE_RQ: offer a file (Restart)
	StartFileRSPositive              // F_START_FILE_RS(+): take the file offered (Restart)
	StartFileRSNegative              // F_START_FILE_RS(-): refuse the file offered
	DataRQ                           // F_DATA_RQ: send one data exchange buffer
	CloseFileRQ                      // F_CLOSE_FILE_RQ: end the file being sent
	CloseFileRSPositive              // F_CLOSE_FILE_RS(+): confirm the file received (Speaker)
	CloseFileRSNegative              // F_CLOSE_FILE_RS(-): reject the file received
	EERPRQ                           // F_EERP_RQ: send a receipt
	NERPRQ                           // F_NERP_RQ: send a negative receipt
	CDRQ                             // F_CD_RQ: give the turn away
	RTRRS                            // F_RTR_RS: ready after the peer's receipt
	ReleaseRQ                        // F_RELEASE_RQ: end the session (Reason, 0 is normal)
	AbortRQ                          // F_ABORT_RQ: break the connection without a word

	// Events of the network service.

	NetConIND   // N_CON_IND: a connection has come in
	NetConCF    // N_CON_CF: the connection asked for is open
	NetDiscIND  // N_DISC_IND: the peer has closed the connection, or dialling failed
	NetResetIND // N_RST_IND: the connection broke

	// Events from within.

	TimeOut       // TIME-OUT: the inactivity timer has run out
	InvalidBuffer // Invalid Buffer: the codec cannot read what came (Reason)

	// Commands of the peer, section 5.3.

	SSRM // ready message
	SSID // start session (Session)
	SFID // start file (Restart)
	SFPA // start file positive answer (Restart)
	SFNA // start file negative answer
	DATA // data exchange buffer
	CDT  // set credit
	EFID // end file
	EFPA // end file positive answer (Speaker)
	EFNA // end file negative answer
	ESID // end session (Reason)
	CD   // change direction
	EERP // end to end response
	NERP // negative end response
	RTR  // ready to receive
	SECD // security change direction
	AUCH // authentication challenge
	AURP // authentication response (Valid)

	numEvents
)

// Two rows of the RFC's tables are split by the reason. The unsuffixed event
// takes the other half: a normal F_RELEASE_RQ, an ESID with an error.
const (
	releaseError Event = numEvents + iota // F_REL_RQ(Err)
	esidNormal                            // ESID R=Normal

	numRows
)

var eventNames = [numRows]string{
	ConnectRQ:           "F_CONNECT_RQ",
	ConnectRS:           "F_CONNECT_RS",
	StartFileRQ:         "F_START_FILE_RQ",
	StartFileRSPositive: "F_START_FILE_RS(+)",
	StartFileRSNegative: "F_START_FILE_RS(-)",
	DataRQ:              "F_DATA_RQ",
	CloseFileRQ:         "F_CLOSE_FILE_RQ",
	CloseFileRSPositive: "F_CLOSE_FILE_RS(+)",
	CloseFileRSNegative: "F_CLOSE_FILE_RS(-)",
	EERPRQ:              "F_EERP_RQ",
	NERPRQ:              "F_NERP_RQ",
	CDRQ:                "F_CD_RQ",
	RTRRS:               "F_RTR_RS",
	ReleaseRQ:           "F_RELEASE_RQ",
	AbortRQ:             "F_ABORT_RQ",
	NetConIND:           "N_CON_IND",
	NetConCF:            "N_CON_CF",
	NetDiscIND:          "N_DISC_IND",
	NetResetIND:         "N_RST_IND",
	TimeOut:             "TIME-OUT",
	InvalidBuffer:       "Invalid Buffer",
	SSRM:                "SSRM",
	SSID:                "SSID",
	SFID:                "SFID",
	SFPA:                "SFPA",
	SFNA:                "SFNA",
	DATA:                "DATA",
	CDT:                 "CDT",
	EFID:                "EFID",
	EFPA:                "EFPA",
	EFNA:                "EFNA",
	ESID:                "ESID",
	CD:                  "CD",
	EERP:                "EERP",
	NERP:                "NERP",
	RTR:                 "RTR",
	SECD:                "SECD",
	AUCH:                "AUCH",
	AURP:                "AURP",
	releaseError:        "F_RELEASE_RQ(Err)",
	esidNormal:          "ESID(Normal)",
}

// String returns the event's name in the RFC.
func (e Event) String() string {
	if e < numRows {
		return eventNames[e]
	}
	return "unknown event"
}

// byUser reports whether e is a request or response of the user monitor.
func (e Event) byUser() bool { return e <= AbortRQ || e == releaseError }

// byPeer reports whether e is a command of the peer.
func (e Event) byPeer() bool { return e >= SSRM && e <= AURP || e == esidNormal }

// Input is an event and those of its parameters that decide about the
// transition. Only the fields named with the event are looked at.
type Input struct {
	// Event is what happened.
	Event Event

	// Session belongs to SSID, where it is what the peer says, and to ConnectRQ
	// and ConnectRS, where it is what the application wants within the limits
	// given to [New] or [Machine.Limit]. In the latter two, a Level, BufferSize
	// or Credit of 0 stands for the machine's own, and so does the zero value
	// of the whole.
	Session Parameters

	// Restart is the position in SFID, SFPA, StartFileRQ and
	// StartFileRSPositive: blocks of 1024 octets or records, 0 for none.
	Restart int64

	// Speaker means in CloseFileRSPositive that we want the turn, and in EFPA
	// that the peer wants it.
	Speaker bool

	// Reason is the two-digit reason of ESID and ReleaseRQ, where 0 is the
	// normal end, and the one that InvalidBuffer is answered with: 1, 6 or 7
	// as the codec found, 0 for 1.
	Reason int

	// Valid belongs to AURP: the peer has solved our challenge.
	Valid bool
}

// row is the row of the state tables that in belongs to.
func (in Input) row() Event {
	switch {
	case in.Event == ReleaseRQ && in.Reason != reasonNormal:
		return releaseError
	case in.Event == ESID && in.Reason == reasonNormal:
		return esidNormal
	}
	return in.Event
}
