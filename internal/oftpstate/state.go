package oftpstate

// State is a state of the machine, section 9.3 of RFC 5024.
//
// The way to a session, initiator left and responder right; the states in
// brackets are passed only when secure authentication is agreed:
//
//	IDLE                                    IDLE
//	  | F_CONNECT_RQ                          | N_CON_IND / SSRM
//	  v                                       v
//	I_WF_NC                                 A_NC_ONLY
//	  | N_CON_CF                              | SSID
//	  v                                       v
//	I_WF_RM                                 A_WF_CONRS
//	  | SSRM / SSID                           | F_CONNECT_RS / SSID
//	  v                                       v
//	I_WF_SSID                              [WF_SECD]
//	  | SSID / [SECD]                         | SECD / AUCH
//	  v                                       v
//	[WF_AUCH]                              [WF_AURP]
//	  | AUCH / AURP                           | AURP / SECD
//	  v                                       v
//	[WF_SECD]                              [WF_AUCH]
//	  | SECD / AUCH                           | AUCH / AURP
//	  v                                       v
//	[WF_AURP]                               IDLELI
//	  | AURP
//	  v
//	IDLESP
//
// The file phase; the turn passes between the columns with CD:
//
//	speaker                                   listener
//
//	            EERP, NERP                                EERP, NERP
//	 +--------------------------> WF_RTR       +--------------------------> RTRP
//	 |  <--------------------------+           |  <--------------------------+
//	 |              RTR                        |              RTR
//	IDLESP -----------CD-----------------> IDLELICD (we gave the turn away)
//	IDLESPCD <--------CD------------------ IDLELI   (the peer gave it to us)
//	 | SFID                                    | SFID
//	 v                                         v
//	OPOP --SFNA--> IDLESP                     OPIP --SFNA--> IDLELI
//	 | SFPA                                    | SFPA
//	 v    last credit                          v
//	OPO ------------> OPOWFC                  OPI
//	 |  <--CDT---------+                       |
//	 | EFID                                    | EFID
//	 v                                         v
//	CLOP --EFPA(N), EFNA--> IDLESP            CLIP --EFPA(N), EFNA--> IDLELI
//	 | EFPA(Y) / CD                            | EFPA(Y)
//	 v                                         v
//	IDLELI                                    WF_CD --CD--> IDLESP
//
// A request that the application makes in WF_CD is kept until CD comes:
// ERSTWFCD, NRSTWFCD, SFSTWFCD, CDSTWFCD. ESID leads from everywhere to
// WF_NDISC on the side that sends it and to IDLE on the side that gets it.
type State uint8

// The states, in the order of a session.
const (
	Idle              State = iota // IDLE: no connection
	IWaitNetwork                   // I_WF_NC: the network connection is asked for
	IWaitReady                     // I_WF_RM: connected, the responder's SSRM is due
	IWaitSSID                      // I_WF_SSID: SSID is sent, the answer is due
	AConnected                     // A_NC_ONLY: SSRM is sent, SSID is due
	AWaitConnectRS                 // A_WF_CONRS: the application decides about the peer's SSID
	WaitSECD                       // WF_SECD: the peer's security change of direction is due
	WaitAUCH                       // WF_AUCH: the peer's challenge is due
	WaitAURP                       // WF_AURP: the peer's answer to our challenge is due
	IdleSpeaker                    // IDLESP: we have the turn
	IdleSpeakerCD                  // IDLESPCD: we have the turn because the peer gave it to us
	IdleListener                   // IDLELI: the peer has the turn
	IdleListenerCD                 // IDLELICD: the peer has the turn because we gave it away
	OpenOutPending                 // OPOP: SFID is sent, the answer is due
	OpenOut                        // OPO: we may send data
	OpenOutWaitCredit              // OPOWFC: we have used up our credit
	CloseOutPending                // CLOP: EFID is sent, the answer is due
	OpenInPending                  // OPIP: the application decides about the peer's SFID
	OpenIn                         // OPI: the peer sends data
	CloseInPending                 // CLIP: the application decides about the peer's EFID
	WaitRTR                        // WF_RTR: a receipt is sent, RTR is due
	RTRPending                     // RTRP: the application digests the peer's receipt
	WaitCD                         // WF_CD: the turn is asked for with EFPA, CD is due
	EERPStored                     // ERSTWFCD: as WF_CD, an EERP waits for the turn
	NERPStored                     // NRSTWFCD: as WF_CD, a NERP waits for the turn
	StartFileStored                // SFSTWFCD: as WF_CD, an SFID waits for the turn
	CDStored                       // CDSTWFCD: as WF_CD, the turn goes back as soon as it comes
	WaitDisconnect                 // WF_NDISC: ESID is sent, the end of the connection is due

	numStates
)

// Entries of the RFC's column "Next State" that are no states.
const (
	userError  State = numStates + iota // UE, the reaction to a user error
	impossible                          // the result of transition X
	stay                                // for rows of ours that serve several states
)

var stateNames = [numStates]string{
	Idle:              "IDLE",
	IWaitNetwork:      "I_WF_NC",
	IWaitReady:        "I_WF_RM",
	IWaitSSID:         "I_WF_SSID",
	AConnected:        "A_NC_ONLY",
	AWaitConnectRS:    "A_WF_CONRS",
	WaitSECD:          "WF_SECD",
	WaitAUCH:          "WF_AUCH",
	WaitAURP:          "WF_AURP",
	IdleSpeaker:       "IDLESP",
	IdleSpeakerCD:     "IDLESPCD",
	IdleListener:      "IDLELI",
	IdleListenerCD:    "IDLELICD",
	OpenOutPending:    "OPOP",
	OpenOut:           "OPO",
	OpenOutWaitCredit: "OPOWFC",
	CloseOutPending:   "CLOP",
	OpenInPending:     "OPIP",
	OpenIn:            "OPI",
	CloseInPending:    "CLIP",
	WaitRTR:           "WF_RTR",
	RTRPending:        "RTRP",
	WaitCD:            "WF_CD",
	EERPStored:        "ERSTWFCD",
	NERPStored:        "NRSTWFCD",
	StartFileStored:   "SFSTWFCD",
	CDStored:          "CDSTWFCD",
	WaitDisconnect:    "WF_NDISC",
}

// String returns the state's name in the RFC.
func (s State) String() string {
	if s < numStates {
		return stateNames[s]
	}
	return "unknown state"
}
