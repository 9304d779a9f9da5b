import { check } from './private/validate';

/**
 * The time zone of a gateway: a fixed offset from Greenwich, without daylight saving.
 *
 * The hours of snapshot schedules and of the maintenance window count in it.
 */
export class GatewayTimezone {
  /** 12 hours behind Greenwich. */
  public static readonly GMT_MINUS_12_00 = new GatewayTimezone('GMT-12:00');
  /** 11 hours behind Greenwich. */
  public static readonly GMT_MINUS_11_00 = new GatewayTimezone('GMT-11:00');
  /** 10 hours behind Greenwich. */
  public static readonly GMT_MINUS_10_00 = new GatewayTimezone('GMT-10:00');
  /** 9 hours behind Greenwich. */
  public static readonly GMT_MINUS_9_00 = new GatewayTimezone('GMT-9:00');
  /** 8 hours behind Greenwich. */
  public static readonly GMT_MINUS_8_00 = new GatewayTimezone('GMT-8:00');
  /** 7 hours behind Greenwich. */
  public static readonly GMT_MINUS_7_00 = new GatewayTimezone('GMT-7:00');
  /** 6 hours behind Greenwich. */
  public static readonly GMT_MINUS_6_00 = new GatewayTimezone('GMT-6:00');
  /** 5 hours behind Greenwich. */
  public static readonly GMT_MINUS_5_00 = new GatewayTimezone('GMT-5:00');
  /** 4 hours behind Greenwich. */
  public static readonly GMT_MINUS_4_00 = new GatewayTimezone('GMT-4:00');
  /** 3 hours 30 minutes behind Greenwich. */
  public static readonly GMT_MINUS_3_30 = new GatewayTimezone('GMT-3:30');
  /** 3 hours behind Greenwich. */
  public static readonly GMT_MINUS_3_00 = new GatewayTimezone('GMT-3:00');
  /** 2 hours behind Greenwich. */
  public static readonly GMT_MINUS_2_00 = new GatewayTimezone('GMT-2:00');
  /** 1 hour behind Greenwich. */
  public static readonly GMT_MINUS_1_00 = new GatewayTimezone('GMT-1:00');
  /** Greenwich. */
  public static readonly GMT = new GatewayTimezone('GMT');
  /** 1 hour ahead of Greenwich. */
  public static readonly GMT_PLUS_1_00 = new GatewayTimezone('GMT+1:00');
  /** 2 hours ahead of Greenwich. */
  public static readonly GMT_PLUS_2_00 = new GatewayTimezone('GMT+2:00');
  /** 3 hours ahead of Greenwich. */
  public static readonly GMT_PLUS_3_00 = new GatewayTimezone('GMT+3:00');
  /** 3 hours 30 minutes ahead of Greenwich. */
  public static readonly GMT_PLUS_3_30 = new GatewayTimezone('GMT+3:30');
  /** 4 hours ahead of Greenwich. */
  public static readonly GMT_PLUS_4_00 = new GatewayTimezone('GMT+4:00');
  /** 4 hours 30 minutes ahead of Greenwich. */
  public static readonly GMT_PLUS_4_30 = new GatewayTimezone('GMT+4:30');
  /** 5 hours ahead of Greenwich. */
  public static readonly GMT_PLUS_5_00 = new GatewayTimezone('GMT+5:00');
  /** 5 hours 30 minutes ahead of Greenwich. */
  public static readonly GMT_PLUS_5_30 = new GatewayTimezone('GMT+5:30');
  /** 5 hours 45 minutes ahead of Greenwich. */
  public static readonly GMT_PLUS_5_45 = new GatewayTimezone('GMT+5:45');
  /** 6 hours ahead of Greenwich. */
  public static readonly GMT_PLUS_6_00 = new GatewayTimezone('GMT+6:00');
  /** 7 hours ahead of Greenwich. */
  public static readonly GMT_PLUS_7_00 = new GatewayTimezone('GMT+7:00');
  /** 8 hours ahead of Greenwich. */
  public static readonly GMT_PLUS_8_00 = new GatewayTimezone('GMT+8:00');
  /** 9 hours ahead of Greenwich. */
  public static readonly GMT_PLUS_9_00 = new GatewayTimezone('GMT+9:00');
  /** 9 hours 30 minutes ahead of Greenwich. */
  public static readonly GMT_PLUS_9_30 = new GatewayTimezone('GMT+9:30');
  /** 10 hours ahead of Greenwich. */
  public static readonly GMT_PLUS_10_00 = new GatewayTimezone('GMT+10:00');
  /** 11 hours ahead of Greenwich. */
  public static readonly GMT_PLUS_11_00 = new GatewayTimezone('GMT+11:00');
  /** 12 hours ahead of Greenwich. */
  public static readonly GMT_PLUS_12_00 = new GatewayTimezone('GMT+12:00');

  /**
   * An offset that has no constant here.
   *
   * @param offset as the service writes it: `GMT`, `GMT-h:mm` or `GMT+h:mm`
   */
  public static of(offset: string): GatewayTimezone {
    check('timezone', offset, (text) => /^GMT([+-](\d|1[0-4]):[0-5]\d)?$/.test(text), '"GMT", "GMT-h:mm" or "GMT+h:mm", hours without a leading zero');
    return new GatewayTimezone(offset);
  }

  private constructor(
    /** The offset as the service writes it, like `GMT+5:45`. */
    public readonly offset: string,
  ) {}

  /** The offset as the service writes it. */
  public toString(): string {
    return this.offset;
  }
}
