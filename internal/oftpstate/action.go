package oftpstate

// Action is something that the machine's owner has to do, section 9.5 of
// RFC 5024: the output events.
type Action uint8

// The actions.
const (
	// Commands to send to the peer. The machine says which; the content is the
	// owner's, except for the session parameters (see [Machine.Agreed]), the
	// reason of ESID (see [Step]) and the change of direction in EFPA, which is
	// the Speaker field of the [CloseFileRSPositive] that caused it. SendSFID,
	// SendEERP and SendNERP after CD mean the request kept in WF_CD.

	SendSSRM Action = iota // ready message
	SendSSID               // start session
	SendSFID               // start file
	SendSFPA               // start file positive answer
	SendSFNA               // start file negative answer
	SendDATA               // data exchange buffer
	SendCDT                // set credit
	SendEFID               // end file
	SendEFPA               // end file positive answer
	SendEFNA               // end file negative answer
	SendESID               // end session
	SendCD                 // change direction
	SendEERP               // end to end response
	SendNERP               // negative end response
	SendRTR                // ready to receive
	SendSECD               // security change direction
	SendAUCH               // a fresh authentication challenge
	SendAURP               // the response to the challenge just received

	// Requests to the network service.

	NetConnect    // N_CON_RQ: open a connection
	NetAccept     // N_CON_RS: accept the connection
	NetDisconnect // N_DISC_RQ: close the connection

	// Indications and confirmations to the user monitor.

	ConnectIND          // F_CONNECT_IND: the peer asks for a session
	ConnectCF           // F_CONNECT_CF: the session that we asked for is open
	StartFileIND        // F_START_FILE_IND: the peer offers a file
	StartFileCFPositive // F_START_FILE_CF(+): the peer takes our file
	StartFileCFNegative // F_START_FILE_CF(-): the peer refuses our file
	DataIND             // F_DATA_IND: data of the file being received
	DataCF              // F_DATA_CF: ready for the next data
	CloseFileIND        // F_CLOSE_FILE_IND: the peer has ended its file
	CloseFileCFPositive // F_CLOSE_FILE_CF(+): the peer has our file; the turn is lost if SendCD follows
	CloseFileCFNegative // F_CLOSE_FILE_CF(-): the peer rejects the file after all
	EERPIND             // F_EERP_IND: a receipt has come
	NERPIND             // F_NERP_IND: a negative receipt has come
	CDIND               // F_CD_IND: the peer has given us the turn
	RTRCF               // F_RTR_CF: our receipt has arrived
	ReleaseIND          // F_RELEASE_IND: the peer has ended the session normally
	AbortIND            // F_ABORT_IND: the session has failed

	numActions
)

var actionNames = [numActions]string{
	SendSSRM:            "SSRM",
	SendSSID:            "SSID",
	SendSFID:            "SFID",
	SendSFPA:            "SFPA",
	SendSFNA:            "SFNA",
	SendDATA:            "DATA",
	SendCDT:             "CDT",
	SendEFID:            "EFID",
	SendEFPA:            "EFPA",
	SendEFNA:            "EFNA",
	SendESID:            "ESID",
	SendCD:              "CD",
	SendEERP:            "EERP",
	SendNERP:            "NERP",
	SendRTR:             "RTR",
	SendSECD:            "SECD",
	SendAUCH:            "AUCH",
	SendAURP:            "AURP",
	NetConnect:          "N_CON_RQ",
	NetAccept:           "N_CON_RS",
	NetDisconnect:       "N_DISC_RQ",
	ConnectIND:          "F_CONNECT_IND",
	ConnectCF:           "F_CONNECT_CF",
	StartFileIND:        "F_START_FILE_IND",
	StartFileCFPositive: "F_START_FILE_CF(+)",
	StartFileCFNegative: "F_START_FILE_CF(-)",
	DataIND:             "F_DATA_IND",
	DataCF:              "F_DATA_CF",
	CloseFileIND:        "F_CLOSE_FILE_IND",
	CloseFileCFPositive: "F_CLOSE_FILE_CF(+)",
	CloseFileCFNegative: "F_CLOSE_FILE_CF(-)",
	EERPIND:             "F_EERP_IND",
	NERPIND:             "F_NERP_IND",
	CDIND:               "F_CD_IND",
	RTRCF:               "F_RTR_CF",
	ReleaseIND:          "F_RELEASE_IND",
	AbortIND:            "F_ABORT_IND",
}

// String returns the output event's name in the RFC.
func (a Action) String() string {
	if a < numActions {
		return actionNames[a]
	}
	return "unknown action"
}

// Step is the machine's answer to an [Input].
type Step struct {
	// Actions are to be carried out in this order. The slice is shared by all
	// machines and must not be changed. It may be empty.
	Actions []Action

	// Reason is the reason code of SendESID and of AbortIND.
	Reason int

	// ByPeer tells who ended the session, for AbortIND and ReleaseIND: the
	// far side (the RFC's AO=D) or this one (AO=L). A connection that breaks
	// counts as the far side's doing.
	ByPeer bool
}
